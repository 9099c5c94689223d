import {parseConfig} from '../../../shared/config/config';
import {COMPLETE, problemsOf} from './environments';

function problems(text: string): string[] {
  return problemsOf(() => parseConfig({...COMPLETE, RUNNER_CONFIG: text}, 'provision'));
}

/** A good pool, the fields of `change` in place of its own. */
function pool(change: Record<string, unknown>): Record<string, unknown> {
  return {repo: 'acme/app', requires: ['linux'], provider: {type: 'gce', template: 't'}, ...change};
}

const gce = (change: Record<string, unknown>) => ({provider: {type: 'gce', template: 't', ...change}});
const PATTERN = 'owner/name, where * stands for any characters and a leading ! excludes';
const LABEL = 'a label: text of at most 256 characters on one line';
const MINUTES = 'minutes, above 0; fractions are allowed';
const IDLE = 'a whole number of runners, 0 or more, or a list of {cron, timezone, count}';
const CRON = 'a cron expression of five fields, such as "* 8-17 * * mon-fri"';
const cron = (text: string) => ({minIdle: [{cron: text, count: 1}]});

test.each<[string, Record<string, unknown>, string]>([
  [
    'name',
    {name: 'Arm'},
    '.name: "Arm" → a name of RFC 1035 with at most 20 characters: a-z, 0-9 and -, a letter first',
  ],
  ['no scope', {repo: undefined}, ': none of repo, repos and org → exactly one of repo, repos and org'],
  ['two scopes', {org: 'acme'}, ': repo and org → exactly one of repo, repos and org'],
  ['repo', {repo: 'acme'}, '.repo: "acme" → owner/name; patterns with * or ! go into repos'],
  ['pattern in repo', {repo: 'acme/*'}, '.repo: "acme/*" → owner/name; patterns with * or ! go into repos'],
  ['pattern', {repo: undefined, repos: ['acme/*', 'b']}, `.repos[1]: "b" → ${PATTERN}`],
  ['text in place of a list', {repo: undefined, repos: 'acme/*'}, '.repos: "acme/*" → a list of owner/name'],
  [
    'no repository',
    {repo: undefined, repos: []},
    '.repos: an empty list → at least one owner/name without a leading !',
  ],
  [
    'excluded repositories only',
    {repo: undefined, repos: ['!acme/a']},
    '.repos: only excluded repositories → at least one owner/name without a leading !',
  ],
  ['org', {repo: undefined, org: 'a/b'}, '.org: "a/b" → the name of an organisation'],
  [
    'no labels',
    {requires: undefined},
    ': neither requires nor offers with a label → labels in requires, in offers or in both',
  ],
  [
    'empty labels',
    {requires: [], offers: []},
    ': neither requires nor offers with a label → labels in requires, in offers or in both',
  ],
  ['label of two lines', {requires: ['a\nb']}, `.requires[0]: "a\\nb" → ${LABEL}`],
  ['label that is a number', {requires: ['a', 24]}, `.requires[1]: 24 → ${LABEL}`],
  ['empty label', {offers: [''], requires: undefined}, `.offers[0]: "" → ${LABEL}`],
  [
    'requires beyond offers',
    {requires: ['a', 'B'], offers: ['A', 'c']},
    '.requires[1]: "B" → a label that offers has too: a job that asks for it would ask for more than is offered',
  ],
  ['runnerGroup', {runnerGroup: ''}, '.runnerGroup: "" → the name of a runner group'],
  ['maxRunners', {maxRunners: 0}, '.maxRunners: 0 → a whole number, 1 or more'],
  ['maxRunners in quotes', {maxRunners: '5'}, '.maxRunners: "5" → a whole number, 1 or more'],
  ['maxRunners with a fraction', {maxRunners: 1.5}, '.maxRunners: 1.5 → a whole number, 1 or more'],
  ['minIdle', {minIdle: -1}, `.minIdle: -1 → ${IDLE}`],
  ['minIdle that is text', {minIdle: 'a'}, `.minIdle: "a" → ${IDLE}`],
  ['minIdle beyond maxRunners', {minIdle: 21}, '.minIdle: 21 → no more than maxRunners, which is 20'],
  [
    'scheduled minIdle beyond maxRunners',
    {maxRunners: 2, minIdle: [{cron: '* * * * *', count: 3}]},
    '.minIdle[0].count: 3 → no more than maxRunners, which is 2',
  ],
  ['cron with four fields', cron('* * * *'), `.minIdle[0].cron: "* * * *" → ${CRON}`],
  ['cron out of range', cron('60 * * * *'), `.minIdle[0].cron: "60 * * * *" → ${CRON}`],
  ['cron with a backward range', cron('* 9-8 * * *'), `.minIdle[0].cron: "* 9-8 * * *" → ${CRON}`],
  ['cron with a step of nothing', cron('*/0 * * * *'), `.minIdle[0].cron: "*/0 * * * *" → ${CRON}`],
  ['cron with a foreign name', cron('* * * * mo'), `.minIdle[0].cron: "* * * * mo" → ${CRON}`],
  [
    'timezone',
    {minIdle: [{cron: '* * * * *', count: 1, timezone: 'Mars'}]},
    '.minIdle[0].timezone: "Mars" → an IANA time zone such as Europe/Berlin',
  ],
  [
    'unknown key in a schedule',
    {minIdle: [{cron: '* * * * *', count: 1, tz: 'UTC'}]},
    '.minIdle[0].tz: an unknown key → one of cron, timezone, count',
  ],
  ['bootMinutes', {bootMinutes: 0}, `.bootMinutes: 0 → ${MINUTES}`],
  ['idleMinutes', {idleMinutes: '5m'}, `.idleMinutes: "5m" → ${MINUTES}`],
  ['jobMinutes', {jobMinutes: null}, `.jobMinutes: nothing → ${MINUTES}`],
  ['allowPublicRepos', {allowPublicRepos: 'yes'}, '.allowPublicRepos: "yes" → true or false'],
  ['priority', {priority: 'high'}, '.priority: "high" → a number'],
  ['no provider', {provider: undefined}, '.provider: nothing → an object with type gce or gce-vm'],
  ['provider type', {provider: {type: 'ec2'}}, '.provider.type: "ec2" → gce or gce-vm'],
  ['no template', gce({template: undefined}), '.provider.template: nothing → the name or URL of an instance template'],
  ['region', gce({region: 'Europe'}), '.provider.region: "Europe" → a region such as us-central1'],
  ['zone', gce({zones: ['us-east1-b', 'us-east1']}), '.provider.zones[1]: "us-east1" → a zone such as us-central1-a'],
  ['no zone', gce({zones: []}), '.provider.zones: an empty list → at least one zone'],
  [
    'zone of another region',
    gce({region: 'us-east1', zones: ['us-east1-b', 'us-west1-a']}),
    '.provider.zones[1]: "us-west1-a" → a zone of the region us-east1',
  ],
  [
    'zones of two regions',
    gce({zones: ['us-east1-b', 'us-west1-a']}),
    '.provider.zones[1]: "us-west1-a" → a zone of us-east1, as the first one is',
  ],
  [
    'machine type',
    gce({machineTypes: ['C4A']}),
    '.provider.machineTypes[0]: "C4A" → a machine type such as c4a-standard-4',
  ],
  ['spot', gce({spot: 'always'}), '.provider.spot: "always" → never, prefer or only'],
  ['VM', {provider: {type: 'gce-vm', instance: 'My VM'}}, '.provider.instance: "My VM" → the name of a VM'],
  [
    'key of the other provider',
    {provider: {type: 'gce-vm', instance: 'v', zones: []}},
    '.provider.zones: an unknown key → zone (or another of type, instance, runnerName, drain)',
  ],
])('a pool with a wrong value is an error: %s', (_, change, expected) => {
  expect(problems(JSON.stringify({pools: [pool({}), pool(change)]}))).toEqual([`RUNNER_CONFIG.pools[1]${expected}`]);
});

test.each<[string, string, string]>([
  ['no object', 'acme', ': "acme" → an object with pools'],
  ['nothing but a comment', '# pools', ': nothing → an object with pools'],
  ['no pools', '{}', '.pools: nothing → a list of pools'],
  ['an empty list of pools', 'pools: []', '.pools: an empty list → at least one pool'],
  ['an empty flat list', '[]', ': an empty list → at least one pool'],
  [
    'a YAML syntax error',
    'pools:\n  - {repo: a/b',
    ': a syntax error (BAD_INDENT) at line 2, column 15 → YAML or JSON',
  ],
  [
    'a JSON syntax error',
    '{\n "pools": [1,, 2]\n}',
    ': a syntax error (UNEXPECTED_TOKEN) at line 2, column 14 → YAML or JSON',
  ],
  ['a key given twice', 'pools: []\npools: []', ': a syntax error (DUPLICATE_KEY) at line 2, column 1 → YAML or JSON'],
  [
    'an unquoted !',
    'pools: [{repos: [a/b, !a/c]}]',
    ': an unquoted ! at line 1, column 23 → quotes around a text that begins with !',
  ],
  [
    'an unquoted *',
    'pools: *x',
    ': an alias (*name) that cannot be resolved → its anchor (&name) before it; quotes around a text that begins with *',
  ],
  [
    'a wrong key at the top',
    JSON.stringify({pool: 1, pools: [pool({})]}),
    '.pool: an unknown key → pools (or another of $schema, discovery, defaults)',
  ],
  [
    'a key that defaults cannot set',
    JSON.stringify({defaults: {name: 'x', minIdle: 'x'}, pools: [pool({})]}),
    `.defaults.minIdle: "x" → ${IDLE}\n.defaults.name: an unknown key → one of runnerGroup, maxRunners, minIdle, bootMinutes, idleMinutes, jobMinutes, allowPublicRepos, rerunOnPreemption, priority`,
  ],
  [
    'a name given twice',
    JSON.stringify({pools: [pool({name: 'a'}), pool({}), pool({name: 'a'})]}),
    '.pools[2].name: "a", the name of pools[0] too → different names for pools[0] and pools[2]',
  ],
  [
    'a flat pool without a VM',
    '[{"repo": "a/b", "labels": ["c"]}]',
    '[0].vm_instance_name: nothing → the name of a VM',
  ],
  [
    'a flat pool without labels',
    '[{"repo": "a/b", "labels": [], "vm_instance_name": "v"}]',
    '[0].labels: an empty list → at least one label',
  ],
])('%s is an error', (_, text, expected) => {
  expect(problems(text)).toEqual(expected.split('\n').map((line) => `RUNNER_CONFIG${line}`));
});

test('the nearest known key is named for one that is misspelt', () => {
  const [problem] = problems(JSON.stringify({pools: [pool({maxRuners: 3})]}));
  expect(problem).toMatch(
    /^RUNNER_CONFIG\.pools\[0\]\.maxRuners: an unknown key → maxRunners \(or another of name, repo, /,
  );
});

test('all errors of all pools are reported, the rules between fields together with those of one field', () => {
  const text = JSON.stringify({
    pools: [pool({org: 'b', spot: 'x', minIdle: 30}), pool({requires: [], provider: {type: 'gce', zones: ['a']}}), 5],
  });
  expect(problems(text).map((problem) => problem.split(':')[0]?.replace('RUNNER_CONFIG.', ''))).toEqual([
    'pools[0].spot',
    'pools[1].provider.template',
    'pools[1].provider.zones[0]',
    'pools[2]',
    'pools[0]',
    'pools[0].minIdle',
    'pools[1]',
  ]);
});
