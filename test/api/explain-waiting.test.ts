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

  test('is `booting` with what became of the machines before, once they did not boot', async () => {
    await start({bootMs: 600 * MINUTE});
    const job = system.queueJob();
    await system.sweepFor(9 * MINUTE);
    await system.pass(MINUTE);
    const second = await explain(job.id);
    expect(second).toMatchObject({verdict: 'booting', runner: {name: `slipway-arm-${job.id}-2`}});
    expect(second.because).toMatch(
      new RegExp(
        `; the machine before did not boot: slipway-arm-${job.id}-1 in us-central1-[abf] ended \\d+ (s|min) ago$`,
      ),
    );
    expect(second.do).toContain('mend the startup script or the image');
    await system.sweepFor(8 * MINUTE);
    const third = await explain(job.id);
    expect(third.because).toMatch(
      new RegExp(`; the machine before did not boot: slipway-arm-${job.id}-2 in .*ago, nor did the one before it$`),
    );
  });

  test('is `booting` with the last line of its console, only once the boot takes too long', async () => {
    await start({bootMs: 30 * MINUTE});
    const job = system.queueJob();
    await system.pass(MINUTE);
    const [instance] = system.compute.instances();
    if (!instance) throw new Error('found no instance');
    const reads = () => system.computeServer.requests.filter(({path}) => path.endsWith('/serialPort')).length;
    system.compute.print(
      instance,
      `2026-11-01T12:00:07Z slipway: the download of https://x/?t=ghp_${'A1'.repeat(18)} failed (try 2 of 5)\r\n` +
        'runner: 2026-11-01T12:00:09Z slipway: all is well\r\n[  9.1] eth0: up\r\n',
    );
    expect((await explain(job.id)).because).not.toContain('console');
    expect(reads()).toBe(0);

    await system.pass(5 * MINUTE);
    const late = await explain(job.id);
    expect(late).toMatchObject({verdict: 'booting', do: expect.stringContaining('get-serial-port-output')});
    expect(late.because).toMatch(
      /; the last line of its console: 2026-11-01T12:00:07Z slipway: the download of https:\/\/x\/\?t=\*\*\* failed \(try 2 of 5\)$/,
    );
    expect(await waiting(job)).toMatchObject({because: expect.not.stringContaining('console')});

    // Without the provider's answer, and that is kept as an answer is.
    system.computeServer.fault({match: ({path}) => path.endsWith('/serialPort'), respond: 'reset'});
    await system.pass(MINUTE);
    const before = reads();
    const without = await explain(job.id);
    expect(without).toMatchObject({verdict: 'booting', since: late.since, do: late.do, runner: late.runner});
    expect(without.because).not.toContain('console');
    expect(await explain(job.id)).toEqual(without);
    expect(reads()).toBe(before + 1);
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

    // By the record alone it boots, until a sweep has seen it at GitHub and noted it.
    expect(await waiting(job)).toMatchObject({verdict: 'booting'});
    await system.sweep();
    await system.pass(3_000);
    expect(await waiting(job)).toMatchObject({
      verdict: 'runner_idle',
      because: expect.stringContaining('runner group ci of organization acme'),
    });
  });

  test('is `runner_idle` once the sweep has noted that its runner is online, whatever GitHub answered before', async () => {
    await start({
      pools:
        'pools: [{name: arm, org: acme, requires: [self-hosted, linux], runnerGroup: ci, provider: {type: gce, template: runner-arm64, region: us-central1}}]',
    });
    system.github.accounts.addRunnerGroup(system.github.accounts.organization('acme'), {
      name: 'ci',
      repositories: ['acme/web'],
    });
    const job = system.queueJob();
    const isOnline = () => system.github.runners.all().some(({session}) => session?.live);
    let before = '';
    for (let seconds = 0; seconds < 300 && !isOnline(); seconds += 5) {
      before = (await explain(job.id)).verdict;
      await system.pass(5_000);
    }
    expect(before).toBe('booting');
    expect(isOnline()).toBe(true);
    await system.sweep();
    await system.pass(3_000);
    expect(await explain(job.id)).toMatchObject({verdict: 'runner_idle'});
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
