import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';
import type {Job} from '../emulators/github/job';
import {jobFields} from '../emulators/github/payload';
import {ApiClient, problemOf} from './client';
import {Questions} from './explain-client';

jest.setTimeout(60_000);

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};

let system: TestSystem;
let api: ApiClient;

async function start(options: Parameters<typeof aSystem>[0] = {}): Promise<void> {
  system = await aSystem(options);
  api = new ApiClient(system.urls.api);
}
afterEach(() => system.close());

const explain = (job: string | number, passMs = 0) => new Questions(system, api).explain(job, passMs);
const waiting = (job: Readonly<Job>) => new Questions(system, api).waiting(job);
const pageOf = (job: Readonly<Job>) => new Questions(system, api).pageOf(job);

/** Lets nobody but the test have deliveries arrive. */
const withoutWebhooks = () => {
  system.github.deliveries.faults = () => ({drop: true});
};

describe('a question', () => {
  beforeEach(() => start());

  test.each([
    ['', 'no value'],
    ['job=1&job=2', 'two'],
    ['job=abc', 'a word'],
    ['job=0', 'zero'],
    ['job=1-0', 'attempt zero'],
    ['job=https%3A%2F%2Fevil.example%2Facme%2Fapp%2Factions%2Fruns%2F1%2Fjob%2F2', 'a page of another host'],
    ['job=1&what=2', 'an unknown parameter'],
  ])('with ?%s (%s) is 400, and GitHub is not asked', async (query) => {
    const before = system.github.requests.length;
    const answer = await api.get(`/explain?${query}`);
    expect([answer.status, problemOf(answer)]).toEqual([400, 'invalid-request']);
    expect(system.github.requests.length).toBe(before);
  });

  test('names the job by id, by id and attempt, or by its page with query and fragment', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(5 * MINUTE);
    for (const text of [String(job.id), `${job.id}-1`, pageOf(job), `${pageOf(job)}?pr=7#step:3:1`]) {
      expect(await explain(text)).toMatchObject({verdict: 'running', pool: 'arm', job: {id: job.id}});
    }
  });
});

describe('a job that is over, runs, or is not known', () => {
  beforeEach(() => start());

  test('is `running`, with its runner, then `completed`, with a timeline in order', async () => {
    const job = system.queueJob({durationMs: 4 * MINUTE});
    await system.pass(3 * MINUTE, () => job.status === 'in_progress');
    await system.pass(10_000);
    const running = await explain(job.id);
    expect(running).toMatchObject({verdict: 'running', runner: {provider: 'gce', state: 'busy'}});
    expect(running.because).toContain(running.runner?.name);

    await system.finish();
    const over = await explain(job.id);
    expect(over).toMatchObject({verdict: 'completed', do: 'Nothing to do.'});
    const times = over.timeline.map(({at}) => at);
    expect([...times].sort()).toEqual(times);
    expect(over.timeline.map(({what}) => what)).toEqual(
      expect.arrayContaining(['queued', 'assigned', 'registered', 'running', 'completed', 'deleted']),
    );
  });

  test('is `unknown_job` where neither the record nor GitHub knows it', async () => {
    const explained = await explain(4_711);
    expect(explained).toMatchObject({verdict: 'unknown_job', job: null, runner: null, timeline: []});
  });
});

describe('a job that no pool takes', () => {
  beforeEach(() => start());

  test('is `not_ours` without a label that any pool knows', async () => {
    const job = system.queueJob({labels: ['ubuntu-latest']});
    await system.pass(MINUTE);
    expect(await explain(pageOf(job))).toMatchObject({verdict: 'not_ours', pool: null});
  });

  test('is `no_pool_matches` with the nearest pool and the label that is missing', async () => {
    const job = system.queueJob({labels: ['self-hosted']});
    await system.pass(MINUTE);
    const explained = await explain(job.id);
    expect(explained.verdict).toBe('no_pool_matches');
    expect(explained.because).toContain('the nearest is arm, which requires linux');
    expect(explained.do).toContain('Add linux to runs-on');
  });

  test('is `repository_not_served` where no pool has its repository, which only its page tells', async () => {
    system.github.addRepository('other/thing', {visibility: 'private'});
    const job = system.queueJob({repository: 'other/thing'});
    await system.pass(MINUTE);
    const explained = await explain(pageOf(job));
    expect(explained).toMatchObject({verdict: 'repository_not_served', job: {repository: 'other/thing'}});
    expect(explained.because).toContain('acme/*');
  });

  test('is `public_repository` where the pool does not allow public ones', async () => {
    system.github.addRepository('acme/open', {visibility: 'public'});
    const job = system.queueJob({repository: 'acme/open'});
    await system.pass(MINUTE);
    expect(await explain(pageOf(job))).toMatchObject({
      verdict: 'public_repository',
      because: expect.stringContaining('acme/open is public'),
    });
  });

  test('is `not_installed` where the App is not on the account, suspended, or without the repository', async () => {
    withoutWebhooks();
    const job = system.queueJob();
    const [installation] = system.github.app.installations();
    if (!installation) throw new Error('found no installation');
    installation.suspended = true;
    expect(await explain(pageOf(job), 30_000)).toMatchObject({
      verdict: 'not_installed',
      because: expect.stringContaining('suspended'),
    });

    system.github.app.uninstall(installation.id);
    await system.pass(2 * MINUTE);
    expect(await explain(pageOf(job), 30_000)).toMatchObject({
      verdict: 'not_installed',
      because: expect.stringContaining('not installed on acme'),
    });

    system.github.app.install(installation.account, {repositories: ['acme/web']});
    await system.pass(10 * MINUTE);
    expect(await explain(pageOf(job), 30_000)).toMatchObject({
      verdict: 'not_installed',
      because: expect.stringContaining('does not include repository acme/app'),
    });
  });
});

describe('a job that waits', () => {
  test('for an approval is `waiting_for_approval`, and no job of /status', async () => {
    await start();
    const job = system.github.queueJob({
      repository: 'acme/app',
      labels: ['self-hosted', 'linux'],
      durationMs: MINUTE,
      needsApproval: true,
    });
    await system.pass(MINUTE);
    expect(await explain(job.id)).toMatchObject({
      verdict: 'waiting_for_approval',
      job: {status_at_github: 'waiting'},
    });
    expect(await waiting(job)).toBeUndefined();
  });

  test('for its concurrency group is `waiting_for_concurrency`', async () => {
    await start();
    withoutWebhooks();
    const job = system.queueJob();
    const body = {
      ...jobFields(job, system.github.webUrl),
      status: 'pending',
      head_sha: '3484a3f',
      head_branch: 'main',
      workflow_name: 'CI',
    };
    system.github.fault({match: {path: /actions\/jobs\/\d+$/}, respond: {status: 200, body}});
    expect(await explain(pageOf(job))).toMatchObject({
      verdict: 'waiting_for_concurrency',
      job: {status_at_github: 'pending'},
    });
  });

  test('and that nobody told of is `not_noticed_yet`', async () => {
    await start();
    withoutWebhooks();
    const job = system.queueJob();
    await system.pass(MINUTE);
    expect(await explain(job.id)).toMatchObject({verdict: 'not_noticed_yet', job: {status_at_github: 'queued'}});
  });

  test('for a slot is `waiting_for_slot` with its place in the queue', async () => {
    await start();
    const jobs: Readonly<Job>[] = [];
    for (let i = 0; i < 7; i++) {
      jobs.push(system.queueJob({durationMs: 60 * MINUTE}));
      await system.pass(1_000);
    }
    await system.pass(5 * MINUTE);
    const last = jobs.at(-1);
    if (!last) throw new Error('found no job');
    const explained = await explain(last.id);
    expect(explained.verdict).toBe('waiting_for_slot');
    expect(explained.because).toContain('5 of 5 runners of pool arm');
    expect(explained.because).toContain('the 2nd in the queue');
    expect(await waiting(last)).toMatchObject({
      verdict: 'waiting_for_slot',
      position: 2,
      because: explained.because,
      do: explained.do,
      attempt: 1,
    });
  });

  test('for any slot of all pools says so, and a drained pool too', async () => {
    await start({pools: `maxRunners: 1\n${POOLS}`});
    system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(MINUTE);
    const job = system.queueJob();
    await system.pass(MINUTE);
    expect((await explain(job.id)).because).toContain('1 of 1 runner of all pools together');
    await system.close();

    await start({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 0')});
    const other = system.queueJob();
    await system.pass(MINUTE);
    expect(await explain(other.id)).toMatchObject({
      verdict: 'waiting_for_slot',
      because: expect.stringContaining('drained'),
    });
  });

  test('for a quota is `breaker_open` with its region and Compute Engine’s words', async () => {
    await start();
    system.compute.failLate({
      times: 100,
      error: {code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded. Limit: 8.0 in region us-central1."},
    });
    const first = system.queueJob();
    await system.pass(90_000);
    const explained = await explain(first.id);
    expect(explained.verdict).toBe('breaker_open');
    expect(explained.because).toContain('quota.us-central1');
    expect(explained.because).toContain("Quota 'CPUS' exceeded");
    expect(await waiting(first)).toMatchObject({verdict: 'breaker_open'});

    // Another one is refused before it is on record: it is written down all the same.
    const second = system.queueJob();
    await system.pass(5_000);
    expect(await explain(second.id)).toMatchObject({verdict: 'breaker_open', pool: 'arm'});
    expect(await waiting(second)).toMatchObject({verdict: 'breaker_open'});
  });

  test('for capacity is `no_capacity` with the placements and the next try', async () => {
    await start();
    system.compute.failLate({times: 100, error: STOCK_OUT});
    const job = system.queueJob();
    await system.pass(20_000);
    const explained = await explain(job.id);
    expect(explained.verdict).toBe('no_capacity');
    for (const zone of ['us-central1-a', 'us-central1-b', 'us-central1-f']) expect(explained.because).toContain(zone);
    expect(explained.because).toMatch(/attempt \d+ of 20, the next try is due/);
    expect(await waiting(job)).toMatchObject({verdict: 'no_capacity'});
    expect(explained.timeline.map(({what}) => what)).toContain('failed');
  });

  test('for GitHub’s answer is `retrying` with its sentence', async () => {
    await start();
    system.github.fault({match: {path: /access_tokens/}, respond: {status: 502, body: {message: 'Bad Gateway'}}});
    const job = system.queueJob();
    await system.pass(4_000);
    const explained = await explain(job.id);
    expect(explained.verdict).toBe('retrying');
    expect(explained.because).toContain('502');
    expect(await waiting(job)).toMatchObject({verdict: 'retrying'});
    await system.finish();
  });

  test('is `creating` while its runner is being made', async () => {
    // The process that makes it dies behind the insert, and nobody has taken over.
    await start({crash: {step: 9, side: 'after'}});
    const job = system.queueJob();
    await system.pass(5_000);
    expect((await system.store.get('runners', `slipway-arm-${job.id}-1`))?.state).toBe('creating');
    const explained = await explain(job.id);
    expect(explained).toMatchObject({verdict: 'creating', runner: {name: `slipway-arm-${job.id}-1`}});
    expect(await waiting(job)).toMatchObject({verdict: 'creating'});
  });

  test('is `booting` with its machine, and with more to do after bootMinutes', async () => {
    await start({bootMs: 30 * MINUTE});
    const job = system.queueJob();
    await system.pass(MINUTE);
    const booting = await explain(job.id);
    expect(booting).toMatchObject({
      verdict: 'booting',
      runner: {name: `slipway-arm-${job.id}-1`, state: 'booting', place: expect.stringMatching(/^us-central1-/)},
    });
    expect(booting.because).toContain(booting.runner?.place);
    expect(await waiting(job)).toMatchObject({verdict: 'booting', do: booting.do});
    await system.pass(6 * MINUTE);
    expect((await explain(job.id)).do).toContain('get-serial-port-output');
  });

  test('with an idle runner that GitHub does not give it is `runner_idle` with group and labels', async () => {
    await start({
      pools:
        'pools: [{name: arm, org: acme, requires: [self-hosted, linux], runnerGroup: ci, provider: {type: gce, template: runner-arm64, region: us-central1}}]',
    });
    system.github.accounts.addRunnerGroup(system.github.accounts.organization('acme'), {
      name: 'ci',
      repositories: ['acme/web'],
    });
    const job = system.queueJob();
    await system.pass(3 * MINUTE);
    const explained = await explain(job.id);
    expect(explained.verdict).toBe('runner_idle');
    expect(explained.because).toContain('runner group ci of organization acme');
  });

  test('and was given up is `given_up` with the reason and how to retry', async () => {
    await start({queueLimits: {maxAttempts: 2, minBackoffMs: 1_000}, env: {TASK_MAX_ATTEMPTS: '2'}});
    system.compute.failLate({times: 3, error: STOCK_OUT});
    const job = system.queueJob();
    await system.pass(10 * MINUTE);
    const explained = await explain(job.id);
    expect(explained.verdict).toBe('given_up');
    expect(explained.because).toContain('after 2 attempts');
    expect(explained.do).toContain(`slipway retry job-${job.id}-1`);
    expect(await waiting(job)).toMatchObject({verdict: 'given_up'});
    expect(explained.timeline.at(-1)?.what).toBe('given_up');
  });
});

describe('what is asked of GitHub', () => {
  beforeEach(() => start());
  const asked = () => system.github.requests.filter(({operationId}) => operationId.startsWith('actions/get-')).length;

  test('is answered from the record when GitHub does not answer, with 200', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(5 * MINUTE);
    system.github.fault({match: {path: /./}, times: 100, respond: {status: 502, body: {message: 'Bad Gateway'}}});
    const explained = await explain(job.id);
    expect(explained).toMatchObject({verdict: 'running', job: {status_at_github: null}});
    expect(explained.because).toContain('GitHub was not heard');
    expect(await explain(4_711)).toMatchObject({verdict: 'unknown_job', because: expect.stringContaining('502')});
  });

  test('is kept for 60 seconds, and asked anew when the record is newer', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(5 * MINUTE);
    await explain(job.id);
    const before = asked();
    await explain(job.id);
    expect(asked()).toBe(before);
    await system.pass(MINUTE);
    await explain(job.id);
    expect(asked()).toBeGreaterThan(before);
  });

  test('is no more than 60 calls a minute, whoever asks about what', async () => {
    const before = system.github.requests.length;
    const verdicts = new Set<string>();
    for (let id = 1; id <= 40; id++) {
      const {verdict, because} = await explain(id);
      verdicts.add(verdict);
      if (id === 40) expect(because).toContain('60 times in this minute');
    }
    expect([...verdicts]).toEqual(['unknown_job']);
    // Besides, the tokens that the calls need.
    expect(system.github.requests.length - before).toBeLessThanOrEqual(62);
    await system.pass(MINUTE);
    expect((await explain(41)).because).not.toContain('60 times');
  });

  test('is nothing while less than 30 % of GitHub’s limit is left', async () => {
    await explain(1);
    const headers = {'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '1499', 'x-ratelimit-reset': '99999999999'};
    system.github.fault({
      match: {path: /actions\/jobs/},
      times: 2,
      respond: {status: 404, headers, body: {message: 'Not Found'}},
    });
    await explain(2);
    const before = system.github.requests.length;
    expect((await explain(3)).because).toContain('less than 30 %');
    expect(system.github.requests.length).toBe(before);
  });
});

describe('an attempt that fails and is tried again', () => {
  test('leaves its sentence in the log line’s message, and nothing on the record of a job that goes well', async () => {
    await start();
    system.github.fault({match: {path: /access_tokens/}, respond: {status: 502, body: {message: 'Bad Gateway'}}});
    const job = system.queueJob();
    await system.finish();
    const well = system.queueJob();
    await system.finish();
    expect(system.log.find((line) => line.includes('"decision":"retry"'))).toMatch(
      /"message":"provision: will be tried again: GitHub answered 502[^"]*"/,
    );
    expect((await system.store.get('jobs', `${job.id}-1`))?.failedAttempt).toMatchObject({
      attempt: 1,
      mostAttempts: 20,
    });
    expect(await system.store.get('jobs', `${well.id}-1`)).not.toHaveProperty('failedAttempt');
    expectClean(system);
  });
});

describe('a job on record', () => {
  beforeEach(() => start());

  test('is read by its id, of which the newest attempt counts, or by id and attempt', async () => {
    const job = system.queueJob();
    await system.pass(10_000);
    for (const id of [job.id, `${job.id}-1`]) {
      const {status, json} = await api.get(`/jobs/${id}`);
      expect([status, json['id']]).toEqual([200, `${job.id}-1`]);
    }
    const unknown = await api.get(`/api/v1/jobs/${job.id}-2`);
    expect([unknown.status, problemOf(unknown)]).toEqual([404, 'unknown-job']);
    const wrong = await api.get('/jobs/abc');
    expect([wrong.status, problemOf(wrong)]).toEqual([400, 'invalid-request']);
  });

  test('is found by its run, by its pool and status, and by its repository in any case', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    const other = system.queueJob({repository: 'acme/web'});
    await system.pass(10_000);
    const ids = async (query: string) => {
      const {json} = await api.get(`/jobs?${query}`);
      return (json['jobs'] as {job_id: number}[]).map(({job_id}) => job_id);
    };
    expect(await ids(`run=${job.runId}`)).toEqual([job.id]);
    expect(await ids('repository=ACME/App')).toEqual([job.id]);
    expect(await ids('pool=arm&repository=acme/WEB')).toEqual([other.id]);
    expect((await api.get('/jobs?status=asleep')).status).toBe(400);
  });
});
