import {TtlCache} from '../../cache';
import type {Clock} from '../../clock';
import {Refused} from '../../errors';
import type {Logger} from '../../logger';
import {parseRunnerName} from '../../model/names';
import {VERSION_REFUSED} from '../../model/runner-program';
import {scrubSecrets, withoutControls} from '../../secret';
import type {MachineReference, RunnerProvider} from '../provider';
import {checkPool} from './check';
import {withRunErrors} from './client/errors';
import type {Execution, Run, RunJob} from './client/run';
import {startExecution} from './create';
import {isOwnExecution, runnerOf} from './environment';
import {type CloudRunPool, type Home, jobOfExecution, jobOfPool} from './job';
import {jobsOf, listMachines} from './list';
import {executionsSince, oldestAlive} from './look';
import {machineOf} from './machine';

export {isCloudRun} from './job';

export interface CloudRunProviderOptions {
  readonly run: Run;
  /** The pools whose runners are executions. */
  readonly pools: readonly CloudRunPool[];
  /** Name of the deployment. Only executions that carry it in their variables are ever changed. */
  readonly deployment: string;
  readonly home: Home;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Runs each runner in an execution of a Cloud Run job. The identity of a machine is the full name of its execution, which Cloud Run chooses:
 * the runner's name stands in the execution's variables alone.
 *
 * @see https://cloud.google.com/run/docs/execute/jobs
 */
export function createCloudRunProvider(options: CloudRunProviderOptions): RunnerProvider {
  const {run, deployment, pools, home, clock, logger} = options;
  const jobs = new TtlCache<RunJob | undefined>(clock);
  const poolNamed = (name: string | undefined) => pools.find((pool) => pool.name === name);

  /** By its id, else every execution of the name in the jobs of its pool, newest first. Finished ones too. */
  const look = async ({name, id, pool}: MachineReference): Promise<readonly Execution[]> => {
    if (id !== undefined) {
      const found = jobOfExecution(id) && (await run.getExecution(id));
      if (!found) return [];
      if (isOwnExecution(deployment, found) && runnerOf(found) === name) return [found];
      logger.warning(`execution ${id} does not carry the name ${name} of ${deployment}: left alone`, {
        decision: 'foreign',
        runner: name,
        ...(pool ? {pool} : {}),
      });
      return [];
    }
    const own = poolNamed(pool ?? parseRunnerName(deployment, name)?.pool);
    const since = oldestAlive(own ? [own] : pools, clock.now());
    const places = jobsOf({pools: own ? [own] : pools, home});
    const lists = await Promise.all(places.map(({job}) => executionsSince(run, job, since)));
    // mutation: executions of the runner
    return lists.flat().filter((one) => isOwnExecution(deployment, one) && runnerOf(one) === name);
  };

  const remove = async (execution: Execution): Promise<'accepted' | 'absent'> => {
    const {name, isFinished} = execution;
    // mutation: cancel before the deletion
    const cancelled = isFinished ? 'ended' : await run.cancelExecution(name);
    // What still ends stays in the job's history; what ended by itself leaves it.
    const deleted = await run.deleteExecution(name);
    return cancelled === 'accepted' || deleted !== 'absent' ? 'accepted' : 'absent';
  };

  return {
    registration: 'create',

    async placements({pool: name}) {
      const pool = poolNamed(name);
      if (!pool) throw unknownPool(name);
      return [{place: jobOfPool(pool, home).region, spot: false}];
    },

    async create(request) {
      const pool = poolNamed(request.pool);
      if (!pool) return {kind: 'refused', message: unknownPool(request.pool).message};
      return startExecution({...options, pool, jobs}, request);
    },

    async find(reference) {
      const found = await withRunErrors(clock, look(reference));
      const one = found.find(({isFinished}) => !isFinished) ?? found[0];
      return one && machineOf(one, clock.now());
    },

    delete: (reference) =>
      withRunErrors(
        clock,
        look(reference).then(async (executions) => {
          const results: string[] = [];
          for (const execution of executions) results.push(await remove(execution));
          return results.includes('accepted') ? 'accepted' : 'absent';
        }),
      ),

    list: (onRecord = []) => withRunErrors(clock, listMachines(options, onRecord)),

    failure: (reference) =>
      withRunErrors(
        clock,
        look(reference).then(async ([execution]) => {
          if (!execution?.hasFailed) return undefined;
          return failureOf(execution, await run.exitCode(execution.name));
        }),
      ),

    async console(reference) {
      const [execution] = await withRunErrors(clock, look(reference));
      return execution?.message ? scrubSecrets(withoutControls(execution.message)) : undefined;
    },

    async page({id}) {
      const place = id === undefined ? undefined : jobOfExecution(id);
      if (id === undefined || !place) return undefined;
      const [, project = ''] = place.job.split('/');
      const execution = id.slice(id.lastIndexOf('/') + 1);
      return `https://console.cloud.google.com/run/jobs/executions/details/${place.region}/${execution}/tasks?project=${encodeURIComponent(project)}`;
    },

    async check(name) {
      const pool = poolNamed(name);
      if (!pool) return [{status: 'error', because: unknownPool(name).message, do: 'Correct the configuration.'}];
      return checkPool({run, pool, home, clock});
    },
  };
}

function unknownPool(pool: string): Refused {
  return new Refused(`found no pool ${pool}; expected one of Cloud Run`);
}

function failureOf({message}: Execution, exitCode: number | undefined): string {
  if (exitCode === VERSION_REFUSED) {
    return `exit code ${VERSION_REFUSED}: GitHub refuses the runner version of the image; give the job a newer image`;
  }
  const code = exitCode === undefined ? 'no exit code' : `exit code ${exitCode}`;
  return message ? `${code}: ${scrubSecrets(withoutControls(message))}` : code;
}
