import {parseConfig} from '../../shared/config/config';
import {COMPLETE, problemsOf} from './environments';

function problems(text: string): string[] {
  return problemsOf(() => parseConfig({...COMPLETE, RUNNER_CONFIG: text}, 'provision'));
}

/** A valid pool, in which `change` replaces fields. */
function pool(change: Record<string, unknown>): Record<string, unknown> {
  return {repo: 'acme/app', requires: ['linux'], provider: {type: 'gce', template: 't'}, ...change};
}

const IDLE = 'a whole number of runners, 0 or more, or a list of {cron, timezone, count}';

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
  ['a key given twice', 'pools: []\npools: []', ': a key that is there already at line 2, column 1 → each key once'],
  [
    'a tab in front of a line',
    'pools:\n\t- org: acme',
    ': a tab in front of a line at line 2, column 1 → spaces, as YAML takes no tabs there',
  ],
  [
    'a second document',
    'pools: []\n---\npools: []',
    ': a second document at line 2, column 1 → one document, without --- between its lines',
  ],
  [
    'an unquoted !',
    'pools: [{repos: [a/b, !a/c]}]',
    ': an unquoted ! at line 1, column 23 → quotes around a text that begins with !',
  ],
  [
    'an unquoted *',
    'pools: *x',
    ': an unquoted * (an alias, *name, that cannot be resolved) at line 1, column 8 → quotes around a text that begins with *; for an alias, its anchor (&name) before it',
  ],
  [
    'an unquoted * alone',
    'pools:\n  - offers: [linux, *]',
    ': an unquoted * at line 2, column 21 → quotes around a text that begins with *',
  ],
  [
    'an unquoted * in front of a name, after one that is an alias',
    'x-a: &a 1\npools: [*a, *-large]',
    ': an unquoted * (an alias, *name, that cannot be resolved) at line 2, column 13 → quotes around a text that begins with *; for an alias, its anchor (&name) before it',
  ],
  [
    'an unquoted @',
    'pools: [{org: @acme}]',
    ': an unquoted @ at line 1, column 15 → quotes around a text that begins with @',
  ],
  ['an unquoted `', 'pools: `x`', ': an unquoted ` at line 1, column 8 → quotes around a text that begins with `'],
  [
    'an expression in a list',
    `pools: [{requires: [\${{ x }}]}]`,
    `: an expression, \${{ }}, at line 1, column 22 → a text in so many words: Slipway does not see what an expression becomes`,
  ],
  [
    'a list of pools without pools: above it',
    JSON.stringify([pool({}), pool({})]),
    ': a list of pools without pools: above it → a first line "pools:", and the list below it',
  ],
  [
    'a pool at the top level',
    JSON.stringify(pool({})),
    ': one pool at the top level → a first line "pools:", and below it the pool, with "- " in front of it',
  ],
  [
    'a flat entry at the top level',
    '{"repo": "a/b", "labels": ["c"], "vm_instance_name": "v"}',
    ': one entry in place of a list → a list of such entries: "- " in front of the entry',
  ],
  [
    'a flat entry under pools:',
    JSON.stringify({pools: [pool({}), {repo: 'a/b', labels: ['c'], vm_instance_name: 'v', vm_instance_zone: 'z'}]}),
    '.pools[1]: an entry of the older flat form → a pool: requires in place of labels, and provider: {type: gce-vm, instance: …, zone: …} in place of vm_instance_name and vm_instance_zone; or the older list alone, without pools: above it',
  ],
  [
    'the path of a file',
    '/etc/slipway/pools.yaml',
    ': the name of a file → the pools themselves; the path of a file with them goes into RUNNER_CONFIG_FILE, without RUNNER_CONFIG',
  ],
  [
    'a limit over all pools that is no number',
    JSON.stringify({maxRunners: -1, pools: [pool({})]}),
    '.maxRunners: -1 → a whole number, 0 or more',
  ],
  [
    'a price that is no number',
    JSON.stringify({prices: {'e2-standard-4': '0.1', 'e2-standard-8': -1}, pools: [pool({})]}),
    '.prices.e2-standard-4: "0.1" → US dollars an hour, 0 or more\n.prices.e2-standard-8: -1 → US dollars an hour, 0 or more',
  ],
  [
    'a price of what is no machine type',
    JSON.stringify({prices: {'e2-standard-4/preemptible': 0.1}, pools: [pool({})]}),
    '.prices["e2-standard-4/preemptible"]: 0.1 → as its key a machine type, such as e2-standard-4, or one with /spot behind it',
  ],
  [
    'minIdle beyond the limit over all pools',
    JSON.stringify({maxRunners: 2, pools: [pool({minIdle: 3})]}),
    '.pools[0].minIdle: 3 → no more than maxRunners of all pools, which is 2',
  ],
  [
    'two pools of an organisation for jobs without labels',
    JSON.stringify({
      pools: ['acme', 'other', 'Acme'].map((org) => pool({repo: undefined, org, acceptsUnlabeled: true})),
    }),
    '.pools[2].acceptsUnlabeled: true, and in pools[0] of Acme too → true in at most one pool of an organisation',
  ],
  [
    'a runner group in defaults, for a repository',
    JSON.stringify({defaults: {runnerGroup: 'gpu'}, pools: [pool({}), pool({repo: undefined, org: 'acme'})]}),
    '.pools[0].runnerGroup: "gpu", from defaults → Default, the only group of a repository; or org in place of repo and repos',
  ],
  [
    'a wrong key at the top',
    JSON.stringify({pool: 1, pools: [pool({})]}),
    '.pool: an unknown key → pools (or another of $schema, discovery, defaults, maxRunners, hosts, prices)',
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
