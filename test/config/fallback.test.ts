import {parseConfig} from '../../shared/config/config';
import {COMPLETE, problemsOf} from './environments';

const pool = (name: string, change: Record<string, unknown> = {}) => ({
  name,
  repos: ['acme/*', '!acme/legacy'],
  requires: ['linux'],
  provider: {type: 'gce', template: 't'},
  ...change,
});
const vm = {provider: {type: 'gce-vm', instance: 'vm', zone: 'us-central1-a'}};
const environmentOf = (pools: readonly object[]) => ({...COMPLETE, RUNNER_CONFIG: JSON.stringify({pools})});
const problems = (...pools: readonly object[]) =>
  problemsOf(() => parseConfig(environmentOf(pools), 'provision')).map((text) => text.replace('RUNNER_CONFIG.', ''));

test('a chain of pools is read', () => {
  const pools = [
    pool('a', {fallback: 'b'}),
    pool('b', {fallback: 'c', repos: ['Acme/*']}),
    pool('c', {repos: ['*/*']}),
  ];
  expect(parseConfig(environmentOf(pools), 'provision').pools.map(({fallback}) => fallback)).toEqual([
    'b',
    'c',
    undefined,
  ]);
});

test('a pool is found by the name that was made for it', () => {
  const pools = [pool('a', {fallback: 'arm'}), {...pool('b'), name: undefined, requires: ['arm']}];
  expect(problems(...pools)).toEqual([]);
});

test.each([
  [
    'itself',
    [pool('a', {fallback: 'a'})],
    ['pools[0].fallback: "a" → another pool: a pool cannot serve what it has no capacity for'],
  ],
  ['unknown', [pool('a', {fallback: 'x'}), pool('b')], ['pools[0].fallback: "x" → the name of one of the pools: a, b']],
  [
    'unknown, of pools of which two have one name',
    [pool('a', {fallback: 'x'}), pool('b'), pool('b')],
    [
      'pools[2].name: "b", the name of pools[1] too → different names for pools[1] and pools[2]',
      'pools[0].fallback: "x" → the name of one of the pools: a, b',
    ],
  ],
  ['no name', [pool('a', {fallback: 'B'}), pool('b')], ['pools[0].fallback: "B" → the name of another pool']],
  [
    'a circle',
    [pool('a', {fallback: 'b'}), pool('b', {fallback: 'c'}), pool('c', {fallback: 'b'})],
    [
      'pools[1].fallback: a circle: b to c to b → a chain of pools that ends',
      'pools[2].fallback: a circle: c to b to c → a chain of pools that ends',
    ],
  ],
  [
    'fewer repositories',
    [pool('a', {fallback: 'b'}), pool('b', {repos: ['acme/app']})],
    ['pools[0].fallback: "b" → a pool of the same scope: its org, or repos with all of its repositories'],
  ],
  [
    'an organisation for repositories',
    [pool('a', {fallback: 'b'}), pool('b', {repos: undefined, org: 'acme'})],
    ['pools[0].fallback: "b" → a pool of the same scope: its org, or repos with all of its repositories'],
  ],
  [
    'another organisation',
    [pool('a', {repos: undefined, org: 'acme', fallback: 'b'}), pool('b', {repos: undefined, org: 'umbrella'})],
    ['pools[0].fallback: "b" → a pool of the same scope: its org, or repos with all of its repositories'],
  ],
  [
    'a persistent VM',
    [pool('a', {fallback: 'b'}), pool('b', vm)],
    ['pools[0].fallback: "b" → a pool that makes a machine for each job, and not one of type gce-vm'],
  ],
  [
    'of a persistent VM',
    [pool('a', {fallback: 'b', ...vm}), pool('b')],
    ['pools[0].fallback: "b" → no fallback in a pool of type gce-vm: its VM alone serves its jobs'],
  ],
])('%s is no fallback', (_, pools, expected) => {
  expect(problems(...pools)).toEqual(expected);
});

describe('a fallback for jobs of a runner group', () => {
  const org = (name: string, change: object = {}) => ({...pool(name), repos: undefined, org: 'acme', ...change});
  const of = (defaults: object, ...pools: readonly object[]) => {
    const environment = {...COMPLETE, RUNNER_CONFIG: JSON.stringify({defaults, pools})};
    return problemsOf(() => parseConfig(environment, 'provision'));
  };
  const wrong = (theirs: string, ours: string) => [
    `RUNNER_CONFIG.pools[0].fallback: a pool of the runner group "${theirs}", and the jobs of this pool go to "${ours}" → a pool of the same runnerGroup: GitHub may not give the job to a runner of another group`,
  ];

  test('is in the same group', () => {
    expect(of({}, org('a', {fallback: 'b', runnerGroup: 'fast'}), org('b', {runnerGroup: 'Fast'}))).toEqual([]);
    expect(of({}, org('a', {fallback: 'b'}), org('b', {runnerGroup: 'default'}))).toEqual([]);
    expect(of({runnerGroup: 'fast'}, org('a', {fallback: 'b'}), org('b', {runnerGroup: 'fast'}))).toEqual([]);
  });

  test('is in no other group, which may not get the job', () => {
    expect(of({}, org('a', {fallback: 'b', runnerGroup: 'fast'}), org('b'))).toEqual(wrong('Default', 'fast'));
    const defaults = {runnerGroup: 'fast'};
    expect(of(defaults, org('a', {fallback: 'b'}), org('b', {runnerGroup: 'slow'}))).toEqual(wrong('slow', 'fast'));
  });

  test('may be in another group that keeps public repositories away from it, but not of jobs that name their group', () => {
    const open = {fallback: 'b', runnerGroup: 'open', allowPublicRepos: true};
    expect(of({}, org('a', open), org('b'))).toEqual([]);
    expect(of({}, org('a', open), org('b', {allowPublicRepos: true}))).toEqual(wrong('Default', 'open'));
    expect(of({}, org('a', {...open, acceptsUnlabeled: true}), org('b'))).toEqual(wrong('Default', 'open'));
  });
});

test('the same organisation in other letters is the same', () => {
  const org = (name: string, change: object) => ({...pool(name), repos: undefined, ...change});
  expect(problems(org('a', {org: 'Acme', fallback: 'b'}), org('b', {org: 'acme'}))).toEqual([]);
});

describe('a template', () => {
  const zones = ['us-central1-a', 'europe-west1-b'];
  const of = (template: string) => problems(pool('a', {provider: {type: 'gce', template, zones}}));

  test('that is global may have zones of several regions', () => {
    expect(of('t')).toEqual([]);
    expect(of('projects/p/global/instanceTemplates/t')).toEqual([]);
  });

  test('of one region may not', () => {
    expect(of('projects/p/regions/us-central1/instanceTemplates/t')).toEqual([
      'pools[0].provider.zones[1]: "europe-west1-b" → a zone of us-central1, the region of the template; a global template goes with zones of any region',
    ]);
  });
});
