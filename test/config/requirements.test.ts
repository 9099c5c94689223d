import {inspect} from 'node:util';
import {parseConfig} from '../../shared/config/config';
import type {FunctionName} from '../../shared/config/config-types';
import {readEnvironment} from '../../shared/config/variables';
import {COMPLETE, PKCS8, problemsOf} from './environments';

const DISPATCH = [
  'PROVISION_QUEUE',
  'PROVISION_URL',
  'RUNNER_CONFIG',
  'STOP_QUEUE',
  'STOP_URL',
  'TASKS_SERVICE_ACCOUNT',
];

describe('what a function requires', () => {
  test.each<[FunctionName, string[]]>([
    ['webhook', [...DISPATCH, 'GITHUB_WEBHOOK_SECRET']],
    ['provision', [...DISPATCH, 'GITHUB_APP_ID']],
    ['stop', [...DISPATCH, 'GITHUB_APP_ID']],
    ['sweep', [...DISPATCH, 'GITHUB_APP_ID', 'SWEEP_URL']],
    ['api', ['GITHUB_APP_ID', 'RUNNER_MANAGER_SECRET']],
  ])('%s reports all that is missing at once, and nothing else', (target, expected) => {
    const paths = problemsOf(() => parseConfig({}, target)).map((problem) => problem.replace(/: nothing → .*/, ''));
    expect(paths.sort()).toEqual(expected.sort());
  });

  test.each<[FunctionName]>([['webhook'], ['provision'], ['stop'], ['sweep'], ['api']])(
    '%s accepts a complete environment',
    (target) => {
      expect(problemsOf(() => parseConfig(COMPLETE, target))).toEqual([]);
    },
  );

  test('INTERNAL_AUTH=platform requires TASK_SIGNING_KEY', () => {
    const env = {...COMPLETE, INTERNAL_AUTH: 'platform'};
    const expected = expect.stringMatching(/^TASK_SIGNING_KEY: nothing → one secret, or several separated by commas/);
    for (const target of ['provision', 'stop', 'sweep'] as const) {
      expect(problemsOf(() => parseConfig(env, target))).toEqual([expected]);
    }
    expect(parseConfig({...env, TASK_SIGNING_KEY: 'new,old'}, 'stop').taskSigningKeys).toHaveLength(2);
  });

  test('an empty secret between commas is refused', () => {
    for (const name of ['GITHUB_WEBHOOK_SECRET', 'RUNNER_MANAGER_SECRET', 'TASK_SIGNING_KEY']) {
      expect(problemsOf(() => parseConfig({...COMPLETE, [name]: 'new,,old'}, 'webhook'))).toEqual([
        expect.stringContaining(`${name}[1]: an empty secret`),
      ]);
    }
  });

  test('an empty variable counts as not set', () => {
    expect(problemsOf(() => parseConfig({...COMPLETE, STOP_QUEUE: ''}, 'stop'))).toEqual([
      'STOP_QUEUE: nothing → projects/P/locations/L/queues/Q',
    ]);
    expect(problemsOf(() => parseConfig({...COMPLETE, GITHUB_WEBHOOK_SECRET: ''}, 'webhook'))).toHaveLength(1);
  });

  test('a variable that a function does not need is checked, too', () => {
    const env = {RUNNER_MANAGER_SECRET: 'x', GITHUB_TOKEN: 'y', RUNNER_CONFIG: 'pools: 1', SWEEP_URL: 'sweep'};
    expect(problemsOf(() => parseConfig(env, 'api'))).toEqual([
      'RUNNER_CONFIG.pools: 1 → a list of pools',
      'SWEEP_URL: "sweep" → an http or https URL without credentials and fragment',
    ]);
  });
});

describe('the configuration', () => {
  const env = {
    ...COMPLETE,
    GITHUB_APP_ID: '1',
    GITHUB_APP_PRIVATE_KEY: PKCS8,
    GITHUB_WEBHOOK_SECRET: 'first-secret,second-secret',
  };
  const secrets = [/PRIVATE KEY/, /first-secret/, /second-secret/, /api-secret/];

  test.each<[string, (value: object) => string]>([
    ['JSON.stringify', (value) => JSON.stringify(value)],
    ['util.inspect', (value) => inspect(value, {depth: 20, showHidden: true})],
    ['a template string', (value) => `${value}`],
  ])('shows *** in place of secrets through %s', (_, print) => {
    const config = parseConfig(env, 'api');
    for (const secret of secrets) expect(print(config)).not.toMatch(secret);
    const [managerSecret] = config.managerSecrets;
    expect(managerSecret?.kind === 'literal' && print(managerSecret.secret)).toMatch(/^"?\*\*\*"?$/);
  });

  test('cannot be changed, at any depth', () => {
    const config = parseConfig(env, 'provision');
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every((inner) => frozen(inner)));
    expect(frozen(config)).toBe(true);
    expect(() => (config.pools as unknown[]).push({})).toThrow(TypeError);
  });

  test('is read from a snapshot of the environment', () => {
    expect(Object.isFrozen(readEnvironment())).toBe(true);
    expect(readEnvironment()['PATH']).toBeDefined();
  });
});
