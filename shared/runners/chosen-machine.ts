import {type ChosenOptions, chooseOptions} from '../model/options';
import type {RunnerDocument} from '../model/runner';
import {type Context, poolOf} from '../ports';

/** What the runner's labels choose of its machine. The configuration may have changed since the job was matched. */
export function chosenFor(context: Context, {pool: name, labels}: RunnerDocument): ChosenOptions {
  const pool = poolOf(context, name);
  const chosen = pool ? chooseOptions(pool, labels) : ({kind: 'allowed', options: {}} as const);
  return chosen.kind === 'refused' ? {...chosen, because: `pool ${name} ${chosen.because}`} : chosen;
}

/**
 * Whether the runner's job has chosen how large its machine is, which may be too small for a runner. A standby machine is the pool's own, whatever
 * its job has chosen.
 */
export function hasChosenPower(context: Context, runner: RunnerDocument): boolean {
  if (runner.standby) return false;
  const chosen = chosenFor(context, runner);
  if (chosen.kind === 'refused') return false;
  const {machine, cpus, memory} = chosen.options;
  return machine !== undefined || cpus !== undefined || memory !== undefined;
}

/** Whether the runner's job has chosen its machine type or its disk. */
export function hasChosenSize(context: Context, runner: RunnerDocument): boolean {
  const chosen = chosenFor(context, runner);
  return chosen.kind === 'allowed' && (chosen.options.machine !== undefined || chosen.options.disk !== undefined);
}
