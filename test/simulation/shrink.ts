import type {Violation} from './safety';
import type {JobPlan, Scenario} from './scenario';
import type {Outcome} from './simulate';

/** Plays a scenario. */
export type Play = (scenario: Scenario) => Promise<Pick<Outcome, 'violations'>>;

export interface Shrunk {
  readonly scenario: Scenario;
  /** Scenarios that were tried. */
  readonly plays: number;
}

const MOST_PLAYS = 400;

/**
 * The smallest scenario found that still breaks `rule`: fewer faults, fewer jobs, then smaller and plainer ones. Each step is kept only if
 * the rule is still broken, so the result fails for the same reason.
 */
export async function shrink(scenario: Scenario, rule: Violation['rule'], play: Play): Promise<Shrunk> {
  let best = scenario;
  let plays = 0;
  const breaks = async (candidate: Scenario): Promise<boolean> => {
    if (plays >= MOST_PLAYS) return false;
    plays += 1;
    const {violations} = await play(candidate);
    return violations.some((violation) => violation.rule === rule);
  };
  const keep = async (candidate: Scenario): Promise<boolean> => {
    if (!(await breaks(candidate))) return false;
    best = candidate;
    return true;
  };

  for (let before: Scenario | undefined; before !== best; ) {
    before = best;
    await without(best.faults, (faults) => keep({...best, faults}));
    if (best.acts) await without(best.acts, (acts) => keep({...best, acts}));
    await without(best.jobs, (jobs) => keep({...best, jobs}));
    for (let index = 0; index < best.jobs.length; index++) await simplify(index);
  }
  return {scenario: best, plays};

  async function simplify(index: number): Promise<void> {
    for (const simpler of simplerJobs) {
      const job = best.jobs[index];
      const changed = job && simpler(job);
      if (changed) await keep({...best, jobs: best.jobs.with(index, changed)});
    }
  }
}

/** Leaves out ever smaller parts of the list, as long as `keep` takes what remains. */
async function without<T>(list: readonly T[], keep: (rest: readonly T[]) => Promise<boolean>): Promise<void> {
  let rest = list;
  for (let size = rest.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < rest.length; ) {
      const candidate = [...rest.slice(0, from), ...rest.slice(from + size)];
      if (candidate.length < rest.length && (await keep(candidate))) rest = candidate;
      else from += size;
    }
  }
}

/** Undefined when the job is that simple already. */
const simplerJobs: readonly ((job: JobPlan) => JobPlan | undefined)[] = [
  (job) => (job.matrix > 1 ? {...job, matrix: 1, maxParallel: 1} : undefined),
  (job) => (job.matrix > 2 ? {...job, matrix: Math.ceil(job.matrix / 2)} : undefined),
  ({cancelAfterMs, ...job}) => (cancelAfterMs === undefined ? undefined : job),
  ({approvedAfterMs, ...job}) => (approvedAfterMs === undefined ? undefined : job),
  ({sentBack, ...job}) => (sentBack === undefined ? undefined : job),
  ({rerunAfterMs, ...job}) => (rerunAfterMs === undefined ? undefined : job),
];
