import * as z from 'zod';
import type {CheckFinding} from '../diagnosis/doctor/check';
import {isSilentInOrder, type KnownHost, stateOfHostVm} from '../hosts/hosts';
import {Problem} from '../http/errors';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {isLabelPattern} from '../model/labels';
import {isDocumentId, isSpeltOut} from '../model/names';
import {placementOf} from '../model/placement';
import {isPersistent, type Pool} from '../model/pool';
import {machineProvider, type RunnerDocument} from '../model/runner';
import type {DeadLetterDocument} from '../model/tasks';
import type {VmDocument, VmState} from '../model/vm';
import type {Context} from '../ports';
import {readRunner} from '../runners/read-runner';
import {scrubSecrets} from '../secret';
import {allVms, type Vm} from '../vms/vms';
import type {RequestContext} from './operation';
import type {DeadLetter, Host, Job, Runner} from './schemas';

/** A persistent VM as configured, with its record. */
export interface PersistentVm extends Vm {
  /** Undefined: no operation of the VM has been recorded yet. */
  readonly document: VmDocument | undefined;
}

export function isVmPool(pool: Pool): boolean {
  return isPersistent(pool);
}

/** The VMs of the configured pools, sorted by id. */
export async function persistentVms(context: Context): Promise<PersistentVm[]> {
  const vms = allVms(context).sort((a, b) => (a.id < b.id ? -1 : 1));
  return Promise.all(vms.map(async (vm) => ({...vm, document: await context.store.get('vms', vm.id)})));
}

/** The recorded state of a VM as a state of runners. Compute Engine's own state may be newer than the record. */
export function vmStateOf({document}: PersistentVm): RunnerView['state'] {
  const running = document && document.runs.length > 0 ? 'busy' : 'idle';
  const states: Record<VmState, RunnerView['state']> = {
    starting: 'booting',
    running,
    stopping: 'draining',
    stopped: 'stopped',
  };
  return states[document?.state ?? 'stopped'];
}

/** The one repository that the pool serves; null: it serves several, or an organization. */
export function onlyRepositoryOf({scope}: Pick<Pool, 'scope'>): string | null {
  const [only, ...others] = scope.kind === 'repositories' ? scope.patterns : [];
  return only !== undefined && others.length === 0 && isSpeltOut(only) ? only : null;
}

/** A persistent VM as the API answers it: with the settings of the first of the pools that share it. */
export function vmView(vm: PersistentVm): RunnerView {
  const [first] = vm.pools;
  const scope = first?.pool.scope;
  return {
    id: vm.id,
    name: first?.runnerName ?? vm.instance,
    pool: first?.pool.name ?? '',
    type: first?.pool.provider.type ?? '',
    state: vmStateOf(vm),
    repository: first ? onlyRepositoryOf(first.pool) : null,
    org: scope?.kind === 'organization' ? scope.org : null,
    labels: (first?.pool.requires ?? []).filter((label) => !isLabelPattern(label)),
    job_id: jobIdOf(vm.document?.runs[0]),
    zone: vm.zone,
    machine_type: null,
    spot: null,
    machine_id: vm.instance,
    created_at: null,
    state_at: vm.document ? timeOf(vm.document.stateAt) : null,
  };
}

/** A Docker host as the API answers it. */
export function hostView(host: KnownHost): z.output<typeof Host> {
  const {name, capacity, used, silent, document} = host;
  return {
    name,
    capacity,
    containers: used,
    free: Math.max(0, capacity - used),
    last_seen: typeof document?.seenAt === 'number' ? timeOf(document.seenAt) : null,
    silent: silent && !isSilentInOrder(host),
    vm: stateOfHostVm(host),
    agent: document?.agent ?? null,
  };
}

export function jobView(job: JobDocument): z.output<typeof Job> {
  return {
    id: jobKeyOf(job),
    job_id: job.jobId,
    run_id: job.runId,
    run_attempt: job.runAttempt,
    repository: job.repository,
    pool: job.pool,
    labels: [...job.labels],
    status: job.status,
    demand: job.demand,
    runner: job.runner,
    url: job.url,
    queued_at: timeOf(job.queuedAt),
    updated_at: timeOf(job.updatedAt),
  };
}

/** A dead letter as the API answers it. Of `body`, which is the task, only the kind is shown. */
export function deadLetterView(id: string, letter: DeadLetterDocument): z.output<typeof DeadLetter> {
  const kind = (letter.body as {kind?: unknown} | null)?.kind;
  return {
    id,
    queue: letter.queue,
    kind: typeof kind === 'string' ? kind : null,
    error: scrubSecrets(letter.error),
    reason: letter.reason ?? null,
    job: letter.job,
    url: letter.jobUrl,
    attempts: letter.attempts,
    count: letter.count ?? 1,
    at: timeOf(letter.at),
  };
}

export type RunnerView = z.output<typeof Runner>;

export function runnerView(runner: RunnerDocument): RunnerView {
  const {scope} = runner;
  const placement = placementOf(runner);
  return {
    id: runner.name,
    name: runner.name,
    pool: runner.pool,
    type: machineProvider(runner),
    state: runner.state,
    repository: scope.kind === 'repository' ? `${scope.owner}/${scope.repo}` : null,
    org: scope.kind === 'organization' ? scope.org : null,
    labels: [...runner.labels],
    job_id: jobIdOf(runner.runs ?? runner.covers),
    zone: placement?.place ?? null,
    machine_type: placement?.machineType ?? null,
    spot: placement?.spot ?? null,
    machine_id: runner.machineId ?? null,
    created_at: timeOf(runner.createdAt),
    state_at: timeOf(runner.stateAt),
  };
}

/** GitHub's job id, which is the key without the run attempt. Null for a runner that was requested through the API. */
export function jobIdOf(key: JobKey | null | undefined): number | null {
  const id = /^(\d+)-\d+$/.exec(key ?? '')?.[1];
  return id === undefined ? null : Number(id);
}

/** A time by RFC 3339. `ms`: milliseconds since the epoch. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whole seconds between two times in milliseconds; at least 0, because clocks differ. */
export function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.floor((toMs - fromMs) / 1000));
}

export const RunnerId = z.strictObject({
  id: z.string().min(1).max(200).meta({description: '`id` of a runner, or the runner name of a persistent VM.'}),
});

/** A runner by its id, or a persistent VM by its id or the name of its runner. */
export async function findRunner({services}: RequestContext, id: string): Promise<RunnerView | undefined> {
  const {context} = await services();
  const runner = isDocumentId(id) ? await readRunner(context.store, id) : undefined;
  if (runner) return runnerView(runner);
  const vms = (await persistentVms(context)).map(vmView);
  return vms.find((vm) => vm.id === id) ?? vms.find((vm) => vm.name === id);
}

export function unknownRunner(id: string): Problem {
  return new Problem('unknown-runner', `found no runner ${id}; GET /runners lists the runners`);
}

export function unknownPool(name: string, pools: readonly {readonly name: string}[]): Problem {
  const names = pools.map((pool) => pool.name).join(', ') || 'none, as no pool is configured';
  return new Problem('unknown-pool', `found pool ${name}, expected one of: ${names}`);
}

/** What every check of the doctor finds. The doctor is loaded when it is first asked. */
export function findings({
  config,
  invalid,
  secrets,
  services,
  logger,
}: Pick<RequestContext, 'config' | 'invalid' | 'secrets' | 'services' | 'logger'>): Promise<CheckFinding[]> {
  const {examine}: typeof import('../diagnosis/doctor/doctor') = require('../diagnosis/doctor/doctor');
  return examine({config, invalid, secrets, services, logger, sweepSeconds: config.sweepIntervalSeconds});
}
