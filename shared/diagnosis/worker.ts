import {type JobDocument, jobKeyOf} from '../model/job';
import {isDocumentId} from '../model/names';
import type {RunnerDocument} from '../model/runner';
import type {VmDocument} from '../model/vm';
import type {Context} from '../ports';
import {allVms, isRunnerOf, type Vm, type VmPool} from '../vms/vms';
import type {JobLook} from './looked-at';

/** What is there for a job, runs it or ran it, by the records: a runner with a machine of its own, or the runner of a persistent VM. */
export type Worker =
  | {readonly runner: RunnerDocument}
  | {readonly vm: Vm; readonly document: VmDocument; readonly entry: VmPool};

/** The runner as GitHub or the record names it. A name alone is no identity: GitHub's counts only with an id, or a job, that is on record. */
interface Named {
  readonly name: string;
  /** GitHub's id of the registration; undefined: the record itself names the runner. */
  readonly id?: number | null;
}

/**
 * Finds the runner that is there for the job, runs it or ran it. It may be of another pool than the job's, and the job may be on no record.
 *
 * @param assigned the runner on record that the job's record names
 * @param made those that were made for the job
 */
export async function workerOf(
  context: Pick<Context, 'store' | 'pools'>,
  job: JobDocument | undefined,
  github: JobLook,
  assigned: RunnerDocument | undefined,
  made: readonly RunnerDocument[],
): Promise<Worker | undefined> {
  const key = job ? jobKeyOf(job) : github.kind === 'seen' ? keyAtGitHub(github.job) : undefined;
  const runner = assigned ?? made.find(({runs}) => runs !== null && runs === key);
  if (runner) return {runner};
  for (const named of namesOf(job, github)) {
    const found = await runnerOf(context, named, key);
    if (found) return {runner: found};
    const vm = await vmOf(context, named, key);
    if (vm) return vm;
  }
  return undefined;
}

function keyAtGitHub({id, runAttempt}: {readonly id: number; readonly runAttempt: number}): string {
  return jobKeyOf({jobId: id, runAttempt});
}

function namesOf(job: JobDocument | undefined, github: JobLook): Named[] {
  const recorded = job?.runner ?? null;
  const seen = github.kind === 'seen' ? github.job : undefined;
  return [
    ...(recorded === null ? [] : [{name: recorded}]),
    ...(seen?.runnerName ? [{name: seen.runnerName, id: seen.runnerId}] : []),
  ];
}

async function runnerOf(
  {store}: Pick<Context, 'store'>,
  {name, id}: Named,
  key: string | undefined,
): Promise<RunnerDocument | undefined> {
  const runner = isDocumentId(name) ? await store.get('runners', name) : undefined;
  if (!runner || id === undefined) return runner;
  const isSame = (id !== null && runner.githubId === id) || (key !== undefined && runner.runs === key);
  return isSame ? runner : undefined;
}

/** Of several VMs with a runner of this name, the one that runs the job. */
async function vmOf(
  context: Pick<Context, 'store' | 'pools'>,
  {name, id}: Named,
  key: string | undefined,
): Promise<Worker | undefined> {
  let known: Worker | undefined;
  for (const vm of allVms(context).filter((one) => isRunnerOf(one, name))) {
    const document = await context.store.get('vms', vm.id);
    const entry = vm.pools.find(({runnerName}) => runnerName.toLowerCase() === name.toLowerCase());
    if (!document || !entry) continue;
    const found = {vm, document, entry};
    if (key !== undefined && document.runs.includes(key)) return found;
    if (id === undefined || (id !== null && document.runnerIds?.includes(id))) known ??= found;
  }
  return known;
}
