import {parseConfig} from '../../shared/config/config';
import {poolSchema} from '../../shared/config/pool-schema';
import {COMPLETE, problemsOf} from './environments';

function problems(text: string): string[] {
  return problemsOf(() => parseConfig({...COMPLETE, RUNNER_CONFIG: text}, 'provision'));
}

/** A valid pool, in which `change` replaces fields. */
function pool(change: Record<string, unknown>): Record<string, unknown> {
  return {repo: 'acme/app', requires: ['linux'], provider: {type: 'gce', template: 't'}, ...change};
}

const gce = (change: Record<string, unknown>) => ({provider: {type: 'gce', template: 't', ...change}});
const PATTERN = 'owner/name, where * stands for any characters and a leading ! excludes';
const LABEL = 'a label: text of at most 256 characters on one line, a number in quotes';
const MINUTES = 'minutes, above 0; fractions are allowed';
const IDLE = 'a whole number of runners, 0 or more, or a list of {cron, timezone, count}';
const CRON = 'a cron expression of five fields, such as "* 8-17 * * mon-fri"';
const TEMPLATE =
  'an instance template: its name, or projects/P/global/instanceTemplates/T, or projects/P/regions/R/instanceTemplates/T, with or without https://www.googleapis.com/compute/v1/';
const URL_PATH = 'compute/v1/projects/p/global/instanceTemplates/t';
const EXPRESSION = `a label in so many words, with * for what differs from run to run: Slipway does not see what \${{ }} becomes`;
const ONE_PLACE = 'org, repo, or exactly one repository in repos without *: where else would such a runner go?';
const TYPES = poolSchema.shape.provider.options.map(({shape}) => shape.type.value).join(' or ');
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
  [
    'a repository that is excluded again',
    {repo: undefined, repos: ['acme/app', 'Acme/*-x', '!acme/*']},
    '.repos: a list that excludes each of its own repositories → at least one owner/name that no text with a leading ! excludes',
  ],
  ['a list in repo', {repo: ['acme/app']}, '.repo: a list of 1 → owner/name; a list of them goes into repos'],
  [
    'runner group of a repository',
    {runnerGroup: 'gpu'},
    '.runnerGroup: "gpu" → Default, the only group of a repository; or org in place of repo and repos',
  ],
  ['label that is too long', {requires: ['a'.repeat(257)]}, `.requires[0]: "${'a'.repeat(80)}…" → ${LABEL}`],
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
  ['maxRunners', {maxRunners: -1}, '.maxRunners: -1 → a whole number, 0 or more'],
  ['maxRunners in quotes', {maxRunners: '5'}, '.maxRunners: "5" → a whole number, 0 or more'],
  ['maxRunners with a fraction', {maxRunners: 1.5}, '.maxRunners: 1.5 → a whole number, 0 or more'],
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
  ['no provider', {provider: undefined}, `.provider: nothing → an object with type ${TYPES}`],
  ['provider type', {provider: {type: 'blimp'}}, `.provider.type: "blimp" → ${TYPES}`],
  ['no template', gce({template: undefined}), '.provider.template: nothing → the name or URL of an instance template'],
  ['region', gce({region: 'Europe'}), '.provider.region: "Europe" → a region such as us-central1'],
  ['zone', gce({zones: ['us-east1-b', 'us-east1']}), '.provider.zones[1]: "us-east1" → a zone such as us-central1-a'],
  ['no zone', gce({zones: []}), '.provider.zones: an empty list → at least one zone'],
  [
    'zone of another region than the template',
    gce({template: 'projects/p/regions/us-east1/instanceTemplates/t', zones: ['us-east1-b', 'us-west1-a']}),
    '.provider.zones[1]: "us-west1-a" → a zone of us-east1, the region of the template; a global template goes with zones of any region',
  ],
  [
    'template of another region',
    gce({template: 'regions/us-east1/instanceTemplates/t', region: 'us-west1'}),
    '.provider.template: a template of the region us-east1 → a template of the region us-west1, which is the pool’s, or a global one',
  ],
  [
    'template on another host',
    gce({template: `https://evil.example/${URL_PATH}`}),
    `.provider.template: "https://evil.example/${URL_PATH}" → ${TEMPLATE}`,
  ],
  [
    'template over http',
    gce({template: `http://www.googleapis.com/${URL_PATH}`}),
    `.provider.template: "http://www.googleapis.com/${URL_PATH}" → ${TEMPLATE}`,
  ],
  [
    'arm64 on x64 machines',
    {requires: ['linux', 'ARM64'], ...gce({machineTypes: ['c4a-standard-4', 'e2-standard-4']})},
    '.requires[1]: "ARM64" → a label that fits the machine type "e2-standard-4", or machine types of arm64',
  ],
  [
    'x64 on arm64 machines',
    {offers: ['linux', 'x64'], ...gce({machineTypes: ['t2a-standard-4']})},
    '.offers[1]: "x64" → a label that fits the machine type "t2a-standard-4", or machine types of x64',
  ],
  [
    'jobMinutes beyond the life of a VM',
    {jobMinutes: 172_800},
    '.jobMinutes: 172800 → at most 172775: a VM lives no longer than 120 days, of which it may boot and wait 25 minutes',
  ],
  [
    'jobMinutes beyond the life of a warm VM',
    {jobMinutes: 172_100, minIdle: 1},
    '.jobMinutes: 172100 → at most 172055: a VM lives no longer than 120 days, of which it may boot and wait 745 minutes',
  ],
  [
    'idleMinutes beyond the life of a VM',
    {idleMinutes: 1_000_000},
    '.idleMinutes: 1000000 → less: a VM lives no longer than 120 days, of which it may boot and wait 1000015 minutes',
  ],
  [
    'bootMinutes beyond the life of a VM',
    {bootMinutes: 172_800},
    '.bootMinutes: 172800 → less: a VM lives no longer than 120 days, of which it may boot and wait 172820 minutes',
  ],
  [
    'expression in a label',
    {requires: [`run-\${{ github.run_id }}`]},
    `.requires[0]: "run-\${{ github.run_id }}" → ${EXPRESSION}`,
  ],
  [
    'expression among what is offered',
    {offers: ['linux', `\${{ inputs.label }}`]},
    `.offers[1]: "\${{ inputs.label }}" → ${EXPRESSION}`,
  ],
  [
    'a required label that no pattern offers',
    {requires: ['self-hosted', 'gpu'], offers: ['self-*', 'run-*']},
    '.requires[1]: "gpu" → a label that offers has too: a job that asks for it would ask for more than is offered',
  ],
  ['acceptsUnlabeled', {acceptsUnlabeled: 'yes'}, '.acceptsUnlabeled: "yes" → true or false'],
  [
    'acceptsUnlabeled without org',
    {acceptsUnlabeled: true},
    '.acceptsUnlabeled: true in a pool without org → org in place of repo and repos: a job without labels goes to the runners of an organisation',
  ],
  [
    'minIdle for every repository of an owner',
    {repo: undefined, repos: ['acme/*'], minIdle: 1},
    `.minIdle: 1 in a pool without one place for its runners → ${ONE_PLACE}`,
  ],
  [
    'scheduled minIdle for two repositories',
    {repo: undefined, repos: ['acme/a', 'acme/b'], minIdle: [{cron: '* * * * *', count: 2}]},
    `.minIdle: a schedule of up to 2 in a pool without one place for its runners → ${ONE_PLACE}`,
  ],
  [
    'minIdle with patterns alone',
    {requires: ['run-*'], offers: ['run-*', 'linux'], minIdle: 1},
    '.minIdle: 1 in a pool that names no label without * → a label without * in requires, or offers without *: with what else would such a runner be registered?',
  ],
  [
    'minIdle of a persistent VM',
    {minIdle: 1, provider: {type: 'gce-vm', instance: 'v'}},
    '.minIdle: 1 → no minIdle in a pool of type gce-vm: its VM is started for jobs alone',
  ],
  ['repository with .git', {repo: 'acme/app.git'}, '.repo: "acme/app.git" → acme/app: the owner and the name alone'],
  [
    'address of a repository',
    {repo: 'https://github.com/acme/app'},
    '.repo: "https://github.com/acme/app" → acme/app: the owner and the name alone',
  ],
  [
    'clone address among repositories',
    {repo: undefined, repos: ['acme/*', 'git@github.com:acme/app.git']},
    '.repos[1]: "git@github.com:acme/app.git" → acme/app: the owner and the name alone',
  ],
  [
    'repository that is a step of a path',
    {repo: 'acme/..'},
    '.repo: "acme/.." → owner/name; patterns with * or ! go into repos',
  ],
  [
    'labels in place of requires',
    {requires: undefined, labels: ['linux']},
    '.labels: an unknown key → requires, for labels that a job must ask for; offers, for labels that it may ask for',
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

test('the error of a misspelt key names the most similar known key', () => {
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
