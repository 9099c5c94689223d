import {MINUTE_MS} from '../../durations';
import {jobUrlOf, minutesOf, type Observed} from '../observed';
import {type EndRunner, type Rule, runnerOf} from '../rule';

/** Ends a runner whose job has run for `jobMinutes`. No other rule ends a busy runner. */
export const endOverTime: Rule<EndRunner<'over_time'>> = {
  plan: planEnds,
  act: (action, repairs) => repairs.endRunner(action),
  subject: runnerOf,
};

function planEnds(observed: Observed, now: number): EndRunner<'over_time'>[] {
  const actions: EndRunner<'over_time'>[] = [];
  for (const runner of observed.runners ?? []) {
    if (runner.runs === null || runner.state !== 'busy') continue;
    if (now - runner.stateAt < minutesOf(observed, runner.pool).jobMinutes * MINUTE_MS) continue;
    // GitHub has the job as completed: only its webhook was lost.
    if (observed.seen.get(runner.runs)?.job.status === 'completed') continue;
    const jobUrl = jobUrlOf(observed, runner);
    actions.push({kind: 'end_runner', reason: 'over_time', runner: runner.name, isDead: false, force: true, jobUrl});
  }
  return actions;
}
