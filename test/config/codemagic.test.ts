import {checkConfig, parseConfig} from '../../shared/config/config';
import type {FunctionName} from '../../shared/config/config-types';
import {COMPLETE, problemsOf} from './environments';

const PROVIDER = {type: 'codemagic', app: '5c9c064185dd2310123b8e96', workflow: 'github-runner', team: '60aa'};

function environment(pool: object = {}, provider: object = {}) {
  const one = {repo: 'acme/ios', requires: ['macos'], jobMinutes: 110, provider: {...PROVIDER, ...provider}, ...pool};
  return {...COMPLETE, CODEMAGIC_TOKEN: 'the-token', RUNNER_CONFIG: JSON.stringify({pools: [one]})};
}

test('the settings of a pool have their defaults, and tell what its quota and its machines are', () => {
  const [pool] = parseConfig(environment(), 'provision').pools;
  expect(pool?.provider).toEqual({
    ...PROVIDER,
    branch: 'main',
    quotaScopes: ['60aa'],
    template: '5c9c064185dd2310123b8e96/github-runner',
  });
});

test('plain labels of another system are labels of the pool', () => {
  const [pool] = parseConfig(environment({requires: ['macOS-arm64']}), 'provision').pools;
  expect(pool?.requires).toEqual(['macos-arm64']);
});

test.each<[string, object, object, string]>([
  [
    'jobs that outlast a build',
    {jobMinutes: 116},
    {},
    'jobMinutes: 116 → at most 115: CodeMagic ends a build, with the job in it, after 120 minutes, of which it needs 5 to start',
  ],
  ['the default of jobs', {jobMinutes: undefined}, {}, 'jobMinutes: 360 → at most 115:'],
  ['warm builds', {minIdle: 1}, {}, 'minIdle: 1 → no minIdle: a build that waits for a job is billed'],
  ['a schedule of them', {minIdle: [{cron: '* * * * *', count: 1}]}, {}, 'minIdle: a schedule → no minIdle:'],
  ['no application', {}, {app: undefined}, 'provider.app: nothing → the id of an application at CodeMagic'],
  ['an address in place of an id', {}, {app: 'https://codemagic.io/app/5c9c'}, 'provider.app: "https'],
  ['a path in place of a team', {}, {team: '../user'}, 'provider.team: "../user" → the id of the team'],
  ['no workflow', {}, {workflow: ''}, 'provider.workflow: "" → the name of a workflow in codemagic.yaml'],
  ['a branch with blanks', {}, {branch: 'a b'}, 'provider.branch: "a b" → the name of a branch'],
  ['an instance type', {}, {instanceType: 'Mac mini'}, 'provider.instanceType: "Mac mini" → an instance type such as'],
  ['what it does not know', {}, {zone: 'eu'}, 'provider.zone: '],
])('%s: an error that says what to write', (_, pool, provider, expected) => {
  const problems = problemsOf(() => parseConfig(environment(pool, provider), 'provision'));
  expect(problems).toEqual([expect.stringContaining(`RUNNER_CONFIG.pools[0].${expected}`)]);
});

test('without a token a pool of the type is an error of every function that needs it; webhook needs none', () => {
  const {CODEMAGIC_TOKEN: _, ...without} = environment();
  const expected = ['CODEMAGIC_TOKEN: nothing → the token of CodeMagic’s API, because a pool is of type codemagic'];
  for (const target of ['provision', 'stop', 'sweep', 'api'] satisfies FunctionName[]) {
    expect(problemsOf(() => parseConfig(without, target))).toEqual(expected);
  }
  expect(problemsOf(() => parseConfig(without, 'webhook'))).toEqual([]);
  expect(problemsOf(() => checkConfig(without))).toEqual(expected);
});

test('a missing token is reported together with what is wrong with the pool', () => {
  const {CODEMAGIC_TOKEN: _, ...without} = environment({}, {workflow: ''});
  expect(problemsOf(() => parseConfig(without, 'provision'))).toEqual([
    expect.stringContaining('RUNNER_CONFIG.pools[0].provider.workflow: "" → '),
    expect.stringContaining('CODEMAGIC_TOKEN: nothing → '),
  ]);
});

test('a message never shows the token', () => {
  const env = environment({name: 'the-token'.toUpperCase()}, {branch: 'the-token x'});
  expect(JSON.stringify(problemsOf(() => parseConfig(env, 'provision')))).not.toContain('the-token');
});
