import type {JobDocument, JobKey} from '../../shared/model/job';
import {jobKeyOf} from '../../shared/model/job';
import {parseTask} from '../../shared/model/task-payload';
import type {InProcessTasks} from '../../shared/tasks/local/in-process';
import {KEPT_MS, type Known, type Told} from './known';
import {sweepIntervalMs} from './scenario';
import type {SimulatedWorld} from './simulated-world';

const MINUTE = 60_000;

/** A task of the queue that gets a job its runner, or goes on with it. */
interface JobTask {
  /** Of the tries that have begun. */
  readonly attempts: number;
  readonly running: boolean;
  /** Of the next try. */
  readonly scheduleTimeMs: number;
}

/** The tasks of `provision` that get one of the jobs its runner, and those of `stop` that hand a slot on to it. */
function tasksOf(tasks: InProcessTasks, jobs: ReadonlySet<JobKey>): JobTask[] {
  return tasks.pending('provision').filter(({payload}) => {
    if (payload.to !== 'provision') return false;
    const task = parseTask('provision', payload.body);
    if (task.kind === 'demand' || task.kind === 'queued_again') return jobs.has(task.job);
    return task.kind === 'event' && task.event.status === 'queued' && jobs.has(jobKeyOf(task.event));
  });
}

/** The job, and the one that its half-made runner was begun for. */
function concerned({record}: Known, job: JobDocument): ReadonlySet<JobKey> {
  const runner = job.runner === null ? undefined : record.runners.get(job.runner);
  return new Set([jobKeyOf(job), ...(runner ? [runner.madeFor] : [])]);
}

/** Within this the sweep has repeated a task that was lost: ten minutes of no change, its own pauses, and an outage that stops it. */
function repeatedMs({scenario}: SimulatedWorld): number {
  const outages = scenario.faults.map((fault) => ('forMs' in fault && 'fromMs' in fault ? fault.forMs : 0));
  return 25 * MINUTE + 4 * sweepIntervalMs(scenario) + outages.reduce((sum, ms) => sum + ms, 0);
}

/** An attempt has failed and the queue tries again; or the runner that was there went. */
export function retryingTruth(known: Known, job: JobDocument, told: Told): string | undefined {
  const {world, record, history} = known;
  const now = world.scheduler.now();
  const gone = /^runner (\S+), which was there/.exec(told.because)?.[1];
  if (gone !== undefined) {
    const id = record.runners.get(gone)?.githubId;
    const runner = world.github.runners.all().find((one) => one.id === id);
    const online = history.onlineAtMs(gone);
    if (told.because.includes('at GitHub') && runner?.session?.live && !runner.job) {
      const changed = history.changedAtMs(gone) ?? history.connectedAtMs(gone) ?? 0;
      if (now - changed > KEPT_MS) return `${gone} is online and idle`;
    }
    const isThere = runner?.session?.live === true && runner.job === null && online !== undefined;
    return isThere && now - told.since > repeatedMs(world) ? `${gone} is online and idle` : undefined;
  }
  const said = /attempt (\d+) of (\d+), the next try is (due in|due now|overdue by)/.exec(told.because);
  if (!said) return `it names no attempt`;
  const [, attempt, , when] = said;
  const tasks = tasksOf(known.tasks, concerned(known, job));
  if (tasks.length === 0) {
    // The task was lost, or its execution is not over although its time is.
    if (now - told.since <= 2 * MINUTE || (when === 'overdue by' && now - told.since <= repeatedMs(world)))
      return undefined;
    return 'no task of the queue is there to try it again';
  }
  const {skewMs} = world.scenario.setting;
  // The try that was told of has begun and is not over, or is: a second task of the job, which found its lease held, is none of what is said.
  if (tasks.some((task) => task.attempts > Number(attempt))) return undefined;
  const between = tasks.filter((task) => !task.running && task.attempts === Number(attempt));
  const next = job.failedAttempt?.nextTryAt;
  // What is told of a runner that was begun for another job is on that job's record.
  if (between.length === 0 || next === undefined || concerned(known, job).size > 1) return undefined;
  const offMs = Math.min(...between.map(({scheduleTimeMs}) => Math.abs(scheduleTimeMs - next)));
  return offMs > NOTED_MS + 2 * skewMs ? `the queue’s next try is ${offMs} ms from what is said` : undefined;
}

/** From the note of a failure to the queue’s own reckoning: the answer and what it writes before. */
const NOTED_MS = 15_000;

/** A task or an execution creates the runner, or the machine is on its way; or a task was lost and the sweep is about to repeat it. */
export function creatingTruth(known: Known, job: JobDocument): string | undefined {
  const {world, record, history, uncreated} = known;
  const now = world.scheduler.now();
  const key = jobKeyOf(job);
  const runner = job.runner === null ? undefined : record.runners.get(job.runner);
  const hasMachine = runner && history.accepted.has(runner.name) && history.endedAtMs(runner.name) === undefined;
  if (hasMachine || tasksOf(known.tasks, concerned(known, job)).length > 0) {
    uncreated.delete(key);
    return undefined;
  }
  const since = uncreated.get(key) ?? now;
  uncreated.set(key, since);
  return now - since > repeatedMs(world) ? `nothing creates it since ${(now - since) / 1000} s` : undefined;
}
