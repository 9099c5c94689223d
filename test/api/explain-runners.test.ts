import {MINUTE, type TestSystem} from '../builders/system';
import type {Job} from '../emulators/github/job';
import {aSystemToAsk, type Questions, type SystemOptions} from './explain-client';

jest.setTimeout(60_000);

let system: TestSystem;
let questions: Questions;

async function start(options?: SystemOptions): Promise<void> {
  ({system, questions} = await aSystemToAsk(options));
}
afterEach(() => system.close());

/** A pool whose runner group leaves acme/app out, the repository of its jobs. */
async function startWithGroup(): Promise<void> {
  await start({
    pools:
      'pools: [{name: arm, org: acme, requires: [self-hosted, linux], runnerGroup: ci, provider: {type: gce, template: runner-arm64, region: us-central1}}]',
  });
  system.github.accounts.addRunnerGroup(system.github.accounts.organization('acme'), {
    name: 'ci',
    repositories: ['acme/web'],
  });
}

const explain = (job: string | number, passMs = 0) => questions.explain(job, passMs);
const waiting = (job: Readonly<Job>) => questions.waiting(job);

describe('a job whose runner does not run it yet', () => {
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
    await startWithGroup();
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
    await startWithGroup();
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
});
