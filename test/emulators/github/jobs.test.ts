import {VirtualScheduler} from '../scheduler';
import {SeededRandom} from '../seeded-random';
import type {DeliveryRequest} from './delivery';
import type {Job} from './job';
import {GitHubWorld, type GitHubWorldOptions} from './model';
import type {RunnerSession} from './registration';

const SCOPE = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let scheduler: VirtualScheduler;
let world: GitHubWorld;
let deliveries: DeliveryRequest[];

function start(options: Partial<GitHubWorldOptions> = {}): void {
  scheduler = new VirtualScheduler();
  deliveries = [];
  world = new GitHubWorld({random: new SeededRandom(1), ...options, scheduler});
  world.addRepository('acme/app', {installationId: 7001});
  world.addHook({
    secret: 's',
    deliver: async (request) => {
      deliveries.push(request);
      return {status: 202};
    },
  });
}

beforeEach(() => start());
afterEach(() => expect(world.violations).toEqual([]));

function register(name: string, labels = ['self-hosted', 'linux']): string {
  return world.runners.generateJitConfig(SCOPE, {name, labels, runnerGroupId: 1}).encodedJitConfig;
}

function connect(encodedJitConfig: string): RunnerSession {
  const connection = world.connect(encodedJitConfig);
  if (connection.kind !== 'connected') throw new Error(connection.reason);
  return connection.session;
}

function queue(labels: string[] = ['Self-Hosted', 'linux'], durationMs = MINUTE): Job {
  return world.queueJob({repository: 'acme/app', labels, durationMs});
}

/** Action, status and runner of each delivery, in their order. */
function told(): [string, string, string | null][] {
  return deliveries.map(({body}) => {
    const {action, workflow_job: job} = JSON.parse(body);
    return [action, job.status, job.runner_name];
  });
}

it('gives a queued job to a runner with its labels, and ends both', () => {
  const session = connect(register('r-1'));
  const ends: string[] = [];
  session.onEnd((end) => ends.push(end));
  const job = queue();
  expect(job).toMatchObject({status: 'queued', runner: null});
  expect(String(job.id)).toHaveLength(11);
  scheduler.advance(10_000);
  expect(job).toMatchObject({status: 'in_progress', runner: {name: 'r-1', groupId: 1, groupName: 'Default'}});
  scheduler.advance(MINUTE);
  expect(job).toMatchObject({status: 'completed', conclusion: 'success', ending: 'ran'});
  expect(ends).toEqual(['job_done']);
  expect(world.runners.all()).toEqual([]);
  expect(told()).toEqual([
    ['queued', 'queued', null],
    ['in_progress', 'in_progress', 'r-1'],
    ['completed', 'completed', 'r-1'],
  ]);
});

it('gives a job to no runner that lacks one of its labels, or is of another repository', () => {
  world.addRepository('acme/other');
  connect(register('r-1', ['linux']));
  const job = queue(['linux', 'gpu']);
  const other = world.queueJob({repository: 'acme/other', labels: ['linux'], durationMs: MINUTE});
  scheduler.advance(HOUR);
  expect([job.status, other.status]).toEqual(['queued', 'queued']);
});

it('lets a runner of an organization serve the repositories that its group admits', () => {
  const acme = world.accounts.organization('acme');
  world.addRepository('acme/public', {visibility: 'public'});
  world.accounts.addRunnerGroup(acme, {name: 'app only', id: 9, repositories: ['ACME/app']});
  world.addRepository('acme/other');
  for (const [name, runnerGroupId] of [
    ['in-default', 1],
    ['in-app-only', 9],
  ] as const) {
    const scope = {kind: 'organization', org: 'acme'} as const;
    connect(world.runners.generateJitConfig(scope, {name, labels: ['linux'], runnerGroupId}).encodedJitConfig);
  }
  const jobs = ['acme/public', 'acme/other', 'acme/app'].map((repository) =>
    world.queueJob({repository, labels: ['linux'], durationMs: MINUTE}),
  );
  scheduler.advance(HOUR);
  expect(jobs.map((job) => job.runner?.name)).toEqual([undefined, 'in-default', 'in-app-only']);
});

it('never reserves a runner: the one made for a later job takes the oldest', () => {
  const [first, second] = [queue(), queue()];
  connect(register('r-for-second'));
  scheduler.advance(10_000);
  expect(first.runner?.name).toBe('r-for-second');
  expect(second.status).toBe('queued');
});

it('queues a job again after an approval, with the same id', () => {
  const job = world.queueJob({repository: 'acme/app', labels: ['linux'], durationMs: 1, needsApproval: true});
  connect(register('r-1'));
  scheduler.advance(2 * 24 * HOUR);
  world.approve(job.id);
  scheduler.advance(1000);
  expect(told()).toEqual([
    ['queued', 'waiting', null],
    ['waiting', 'waiting', null],
    ['queued', 'queued', null],
  ]);
  const ids = deliveries.map(({body}) => JSON.parse(body).workflow_job.id);
  expect(new Set(ids)).toEqual(new Set([job.id]));
});

it('holds back a queued job when an approval is asked for', () => {
  const job = queue();
  world.requestApproval(job.id);
  connect(register('r-1'));
  scheduler.advance(HOUR);
  expect(job.status).toBe('waiting');
});

it('cancels a job before it starts, with no runner in the body', () => {
  const job = queue();
  world.cancelJob(job.id);
  scheduler.advance(1000);
  expect(job).toMatchObject({status: 'completed', conclusion: 'cancelled', runner: null});
  expect(told().at(-1)).toEqual(['completed', 'completed', null]);
});

it('cancels a job that runs and its runner with it', () => {
  connect(register('r-1'));
  const job = queue();
  scheduler.advance(10_000);
  world.cancelJob(job.id);
  expect(job).toMatchObject({conclusion: 'cancelled', runner: {name: 'r-1'}});
  expect(world.runners.all()).toEqual([]);
});

it('cancels a job that nobody takes for 24 hours', () => {
  const job = queue();
  scheduler.advance(24 * HOUR - 1);
  expect(job.status).toBe('queued');
  scheduler.advance(1);
  expect(job).toMatchObject({status: 'completed', conclusion: 'cancelled', ending: 'expired'});
});

it('fails a job about ten minutes after its runner was lost, and refuses to delete the runner until then', () => {
  const session = connect(register('r-1'));
  const job = queue(['linux'], HOUR);
  scheduler.advance(10_000);
  session.disconnect();
  scheduler.advance(10 * MINUTE - 1);
  expect(job.status).toBe('in_progress');
  expect(() => world.runners.delete(SCOPE, session.runner.id)).toThrow(
    'Bad request - Runner "r-1" is currently running a job and cannot be deleted.',
  );
  scheduler.advance(1);
  expect(job).toMatchObject({status: 'completed', conclusion: 'failure', ending: 'lost'});
  expect(world.runners.all()).toEqual([]);
});

it('says busy=false of a runner that has just started a job, and refuses to delete it all the same', () => {
  start({latencies: {busy: [40_000, 40_000], pickup: [1000, 1000]}});
  const session = connect(register('r-1'));
  queue(['linux'], HOUR);
  scheduler.advance(1000);
  expect(world.runners.shownBusy(session.runner)).toBe(false);
  expect(() => world.runners.delete(SCOPE, session.runner.id)).toThrow('currently running a job');
  scheduler.advance(40_000);
  expect(world.runners.shownBusy(session.runner)).toBe(true);
});

it('keeps an ephemeral runner undeletable for a while after its job, when told to', () => {
  start({latencies: {removal: [30_000, 30_000], pickup: [0, 0]}});
  const {runner} = connect(register('r-1'));
  queue(['linux'], 1000);
  scheduler.advance(1000);
  expect(() => world.runners.delete(SCOPE, runner.id)).toThrow('currently running a job');
  scheduler.advance(30_000);
  expect(() => world.runners.delete(SCOPE, runner.id)).toThrow('Not Found');
});

it('runs a job again as the next attempt of its run, under a new id', () => {
  connect(register('r-1'));
  const job = queue();
  scheduler.advance(HOUR);
  const again = world.rerun(job.id);
  expect(again).toMatchObject({runId: job.runId, runAttempt: 2, status: 'queued', labels: job.labels});
  expect(again.id).not.toBe(job.id);
});

it('gives no runner to the job of a run that failed to start', () => {
  const job = queue();
  world.failRunStartup(job.runId);
  connect(register('r-1'));
  scheduler.advance(HOUR);
  expect(job.status).toBe('queued');
});

it('refuses a second process on one JIT config', () => {
  const blob = register('r-1');
  connect(blob);
  expect(world.connect(blob).kind).toBe('refused');
  expect(world.connect('nonsense')).toEqual({kind: 'refused', reason: 'the JIT config cannot be read'});
});

it('plays the same way for the same seed, and shuffles with another', () => {
  const play = (seed: number) => {
    start({routing: 'random', random: new SeededRandom(seed)});
    const jobs = Array.from({length: 8}, () => queue());
    for (let n = 0; n < 8; n++) connect(register(`r-${n}`));
    scheduler.advance(HOUR);
    return jobs.map((job) => job.runner?.name);
  };
  expect(play(3)).toEqual(play(3));
  expect(play(3)).not.toEqual(play(4));
});
