import {expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';
import type {Job} from '../emulators/github/job';
import {jobFields} from '../emulators/github/payload';
import {aSystemToAsk, type Questions, type SystemOptions} from './explain-client';

jest.setTimeout(60_000);

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};

let system: TestSystem;
let questions: Questions;

async function start(options?: SystemOptions): Promise<void> {
  ({system, questions} = await aSystemToAsk(options));
}
afterEach(() => system.close());

const explain = (job: string | number, passMs = 0) => questions.explain(job, passMs);
const waiting = (job: Readonly<Job>) => questions.waiting(job);
const pageOf = (job: Readonly<Job>) => questions.pageOf(job);

/** Lets nobody but the test have deliveries arrive. */
const withoutWebhooks = () => {
  system.github.deliveries.faults = () => ({drop: true});
};

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
    const [task] = system.tasks.model.queues().flatMap((queue) => queue.pending());
    const dueMs = (task?.scheduleTimeMs ?? 0) - system.scheduler.now();
    const said = Number(/due in (\d+) s/.exec(explained.because)?.[1]);
    expect(Math.abs(said * 1000 - dueMs)).toBeLessThan(2_000);
    expect(await waiting(job)).toMatchObject({verdict: 'retrying'});
    await system.finish();
  });

  test('for GitHub, which goes on failing, is told of the queue’s own wait, which grows', async () => {
    await start();
    system.github.fault({
      match: {path: /access_tokens/},
      times: 100,
      respond: {status: 502, body: {message: 'Bad Gateway'}},
    });
    const job = system.queueJob();
    await system.pass(2 * MINUTE);
    const explained = await explain(job.id);
    const [task] = system.tasks.model.queues().flatMap((queue) => queue.pending());
    expect(task?.attempts).toBeGreaterThan(2);
    const dueMs = (task?.scheduleTimeMs ?? 0) - system.scheduler.now();
    expect(explained.because).toContain(`attempt ${task?.attempts} of 20`);
    const said = Number(/due in (\d+) s/.exec(explained.because)?.[1]);
    expect(Math.abs(said * 1000 - dueMs)).toBeLessThan(2_000);
  });

  test('whose runner came up and was removed at GitHub is `retrying`, and not `booting`', async () => {
    await start();
    const job = system.queueJob();
    await system.pass(12_000);
    const name = `slipway-arm-${job.id}-1`;
    expect(await explain(job.id)).toMatchObject({verdict: 'booting'});
    const registration = system.github.runners.all().find((one) => one.name === name);
    if (!registration) throw new Error(`${name} is not registered`);
    system.github.runners.remove(registration);
    await system.pass(61_000);
    expect(await explain(job.id)).toMatchObject({
      verdict: 'retrying',
      because: expect.stringContaining(
        `runner ${name}, which was there for the job, is not registered at GitHub any more`,
      ),
    });
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

  test('and was given up for a label is told to change it, because a retry cannot help', async () => {
    const pools = `pools:
  - name: arm
    repo: acme/app
    requires: [self-hosted, linux]
    options: {disk: 100}
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}`;
    await start({pools});
    const job = system.queueJob({labels: ['self-hosted', 'linux', 'disk=1']});
    await system.pass(5 * MINUTE);
    const explained = await explain(job.id);
    expect([explained.verdict, explained.do]).toEqual(['given_up', expect.stringContaining('correct the label')]);
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
