import {parseConfig} from '../../../shared/config/config';
import {quotaBreakers} from '../../../shared/model/breaker';
import {COMPLETE, problemsOf} from '../../config/environments';

/** A deployment with one pool of type cloud-run, in which `change` replaces fields of the provider. */
function parsed(change: object, env: Readonly<Record<string, string>> = {}, pool: object = {}) {
  const provider = {type: 'cloud-run', job: 'runner-light', region: 'us-central1', ...change};
  const text = JSON.stringify({pools: [{name: 'light', org: 'acme', offers: ['light'], ...pool, provider}]});
  return parseConfig({...COMPLETE, ...env, RUNNER_CONFIG: text}, 'provision');
}

function provider(...given: Parameters<typeof parsed>) {
  return parsed(...given).pools[0]?.provider;
}

test('a job is named alone, with its region', () => {
  expect(provider({})).toMatchObject({type: 'cloud-run', job: 'runner-light', region: 'us-central1', env: {}});
});

test('a job is named with its place', () => {
  const job = 'projects/acme/locations/europe-west1/jobs/runner';
  expect(provider({job, region: undefined})).toMatchObject({job, region: 'europe-west1'});
});

test('without a region of its own a job is in that of the deployment', () => {
  expect(provider({region: undefined}, {GOOGLE_CLOUD_REGION: 'asia-east1'})).toMatchObject({region: 'asia-east1'});
});

test('runnerenv_ variables reach the container, and the pool wins', () => {
  const env = {runnerenv_HTTP_PROXY: 'http://old:1', runnerenv_TEAM: 'ci'};
  expect(provider({env: {HTTP_PROXY: 'http://new:2'}}, env)).toMatchObject({
    env: {HTTP_PROXY: 'http://new:2', TEAM: 'ci'},
  });
});

test('RUNNER_COMMAND stands in for args', () => {
  const env = {RUNNER_COMMAND: './run.sh "a b"'};
  expect(provider({}, env)).toMatchObject({args: ['./run.sh', 'a b']});
  expect(provider({args: ['./own.sh']}, env)).toMatchObject({args: ['./own.sh']});
  expect(provider({})).not.toHaveProperty('args');
});

test('its quota is counted apart from that of VMs in the same region', () => {
  const [pool] = parsed({}).pools;
  expect(pool && quotaBreakers(pool)).toEqual(['quota.cloud-run.us-central1', 'quota.pool.light']);
});

test.each<[string, Parameters<typeof parsed>, string]>([
  [
    'another region than the job',
    [{job: 'projects/p/locations/europe-west1/jobs/j', region: 'us-central1'}],
    '.provider.region: "us-central1" → europe-west1, the region of the job, or nothing',
  ],
  [
    'what is no job',
    [{job: 'projects/p/jobs/j'}],
    '.provider.job: "projects/p/jobs/j" → a Cloud Run job: its name, or projects/P/locations/L/jobs/J',
  ],
  [
    'a registration token, which a JIT config stands in for',
    [{args: ['{registration_token}']}],
    '.provider.args[0]: the placeholder {registration_token} → no {registration_token} where the runner gets a JIT config: registration: token of type docker has one',
  ],
  [
    'more than a task may run',
    [{}, {}, {jobMinutes: 10_080}],
    '.jobMinutes: 10080 → at most 10055: a task of Cloud Run runs no longer than 168 hours, of which it may start and wait 25 minutes',
  ],
  ['a text for args', [{args: './run.sh'}], '.provider.args: "./run.sh" → a list of words'],
])('%s is an error', (_, given, expected) => {
  expect(problemsOf(() => parsed(...given))).toEqual([`RUNNER_CONFIG.pools[0]${expected}`]);
});

test('an unknown placeholder is an error that shows those that there are', () => {
  const [problem] = problemsOf(() => parsed({env: {A: '{runner}'}}));
  expect(problem).toMatch(/\.provider\.env\.A: the placeholder \{runner\} → one of .*\{runner_name\}/);
});
