import {createHash} from 'node:crypto';
import {DAY_MS} from '../durations';
import {placementOf} from './placement';
import type {RunnerDocument} from './runner';

/** Stands for the repository and the workflow of machines that ran no job. No repository and no workflow is called so at GitHub. */
export const IDLE = '(idle)';

/** Stands for the repository and the workflow of a persistent VM, which runs jobs of several. */
export const PERSISTENT_VM = '(persistent VM)';

/** Stands for the pool of a Docker host's VM, which is up for containers of any pool that names the host. No pool is called so. */
export function hostAsPool(host: string): string {
  return `host:${host}`;
}

/** Stands for the workflows beyond `MAX_WORKFLOWS`. */
export const OTHER = '(other)';

/** Stands for a workflow that GitHub did not name. */
export const UNKNOWN = '(unknown)';

/** Workflows of one usage document by name; the minutes of all others are together in `OTHER`. */
export const MAX_WORKFLOWS = 200;

/** What machines of one kind did for one workflow. */
export interface UsageRow {
  readonly pool: string;
  /** In the totals of a day, which are by pool: null, or `IDLE`, whose time GitHub would not bill. */
  readonly workflow: string | null;
  /** Null: not known. */
  readonly machineType: string | null;
  readonly spot: boolean;
  readonly jobs: number;
  /** Machines that ended; a persistent VM is none. */
  readonly machines: number;
  /** From the machines' creation to the accepted deletion, in milliseconds: sums of them are exact. */
  readonly ms: number;
}

/**
 * `usage/<day>` holds the totals of a UTC day, by pool and machine type; `usage/<day>.<hash>` what one pool did for one repository, by
 * workflow and machine type. Written by the sweep alone, so that no document is written more than once a sweep.
 */
export interface UsageDocument {
  /** `2026-11-30` */
  readonly day: string;
  /** Null in the totals. */
  readonly pool: string | null;
  readonly repository: string | null;
  readonly rows: readonly UsageRow[];
  readonly expireAt: number;
}

/** The last runner of a state that was counted: they are counted in the order of `stateAt`, then of names. */
export interface CountedUpTo {
  readonly stateAt: number;
  readonly name: string;
}

/** `usage/cursor`: what is counted already. Written in the transaction that counts. */
export interface UsageCursor {
  readonly gone: CountedUpTo | null;
  readonly failed: CountedUpTo | null;
  /** Of each persistent VM, by its id. */
  readonly vms: Readonly<Record<string, CountedVm>>;
  readonly expireAt: number;
}

export interface CountedVm {
  /** Until when its time is counted, in milliseconds since the epoch. */
  readonly until: number;
  /** How many of its jobs are. */
  readonly jobs: number;
  /** Since when it was up that was still up then; null or missing: it was down. */
  readonly since?: number | null;
}

export const USAGE_CURSOR = 'cursor';

/** What is added to the usage of a day. */
export interface Use extends Omit<UsageRow, 'workflow'> {
  readonly day: string;
  readonly repository: string;
  readonly workflow: string;
}

/** How long the usage of a day is kept: `/costs` answers for 90 days. */
const USAGE_RETENTION_MS = 100 * DAY_MS;

/** The UTC day of a time in milliseconds since the epoch, as `2026-11-30`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The `count` UTC days up to the one of `now`, oldest first. */
export function lastDays(count: number, now: number): string[] {
  return Array.from({length: count}, (_, index) => dayOf(now - (count - 1 - index) * DAY_MS));
}

export function expiryOfUsage(now: number): number {
  return now + USAGE_RETENTION_MS;
}

/** Id of the document of a pool's work for a repository. The names may hold what no id may, and GitHub compares repositories without case. */
export function usageId({day, pool, repository}: Pick<Use, 'day' | 'pool' | 'repository'>): string {
  const hash = createHash('sha256').update(`${pool}\n${repository.toLowerCase()}`).digest('hex');
  return `${day}.${hash.slice(0, 20)}`;
}

/** What an ended runner adds; undefined: nothing, because it had no machine, or the end of the machine is not on record. */
export function useOf(runner: RunnerDocument): Use | undefined {
  const {machineCreatedAt, machineEndedAt, pool, runs, repository, workflow} = runner;
  if (typeof machineCreatedAt !== 'number' || typeof machineEndedAt !== 'number') return undefined;
  const placement = placementOf(runner);
  const ofJob = {repository: repository ?? UNKNOWN, workflow: workflow ?? UNKNOWN};
  return {
    day: dayOf(machineEndedAt),
    pool,
    ...(runs === null ? {repository: IDLE, workflow: IDLE} : ofJob),
    machineType: runner.billedType ?? placement?.machineType ?? null,
    spot: placement?.spot ?? false,
    jobs: runs === null ? 0 : 1,
    machines: 1,
    ms: Math.max(0, machineEndedAt - machineCreatedAt),
  };
}

/** The rows of a repository's document with one more use. */
export function addToRows(rows: readonly UsageRow[], use: Use): UsageRow[] {
  const known = new Set(rows.map(({workflow}) => workflow));
  known.delete(OTHER);
  const isNamed = known.has(use.workflow) || known.size < MAX_WORKFLOWS;
  return added(rows, {...rowOf(use), workflow: isNamed ? use.workflow : OTHER});
}

/** The rows of a day's totals with one more use. */
export function addToTotals(rows: readonly UsageRow[], use: Use): UsageRow[] {
  return added(rows, {...rowOf(use), workflow: use.workflow === IDLE ? IDLE : null});
}

function rowOf({pool, machineType, spot, jobs, machines, ms}: Use): Omit<UsageRow, 'workflow'> {
  return {pool, machineType, spot, jobs, machines, ms};
}

function added(rows: readonly UsageRow[], more: UsageRow): UsageRow[] {
  const isSame = (row: UsageRow) =>
    row.pool === more.pool &&
    row.workflow === more.workflow &&
    row.machineType === more.machineType &&
    row.spot === more.spot;
  const before = rows.find(isSame);
  if (!before) return [...rows, more];
  const {jobs, machines, ms} = before;
  const sum = {...before, jobs: jobs + more.jobs, machines: machines + more.machines, ms: ms + more.ms};
  return rows.map((row) => (row === before ? sum : row));
}
