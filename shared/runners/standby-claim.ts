import {type JobDocument, jobKeyOf} from '../model/job';
import {optionsOf} from '../model/options';
import {placementFields, placementOf} from '../model/placement';
import type {Pool} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import {
  claimStandby,
  fitsPlacement,
  isFreshStandby,
  type StandbyDocument,
  type WantedMachine,
  wantedStandby,
} from '../model/standby';
import {type Context, poolOf} from '../ports';
import type {Transaction} from '../store/store';
import {standbyFor} from './standby-records';

/** Ready machines that are read: of these one is tried, at random, because other executions look for one at the same time. */
const MOST_READ = 20;

/** What the job chooses by its options; `prefer` takes either. */
function wantedMachine(pool: Pool, {labels}: Pick<JobDocument, 'labels'>): WantedMachine {
  const {machine, disk, spot} = optionsOf(pool, labels);
  return {
    ...(machine === undefined ? {} : {machineType: machine}),
    ...(disk === undefined ? {} : {diskGb: disk}),
    ...(spot === undefined || spot === 'prefer' ? {} : {spot: spot === 'only'}),
  };
}

/** Name of a ready standby machine of the pool; undefined: there is none, or the pool holds none. Read before the transaction of the claim. */
export async function findStandby(context: Context, poolName: string): Promise<string | undefined> {
  if (!poolOf(context, poolName)?.standby) return undefined;
  const ready = await context.store.find('standby', {where: {pool: poolName, state: 'ready'}, limit: MOST_READ});
  return ready[Math.floor(context.random.next() * ready.length)]?.id;
}

/** A claim, as the transaction writes it. */
export interface Claim {
  readonly machine: StandbyDocument;
  /** The record of the machine that is prepared in its place; undefined: none is wanted. */
  readonly successor: StandbyDocument | undefined;
}

/** `taken`: another execution has claimed it, or it is not ready any more. `unfit`: it is not what the job asks for. */
export type ClaimAttempt = {readonly kind: 'claimed'; readonly claim: Claim} | {readonly kind: 'taken' | 'unfit'};

/** Claims a standby machine for a job. Only reads: `writeClaim` writes it, in the same transaction. */
export async function readClaim(
  context: Context,
  transaction: Transaction,
  name: string,
  job: JobDocument,
): Promise<ClaimAttempt> {
  const now = context.clock.now();
  const ready = await transaction.get('standby', name);
  const pool = poolOf(context, job.pool);
  if (!ready || ready.pool !== pool?.name || ready.provider !== pool.provider.type) return {kind: 'taken'};
  if (!fitsPlacement(ready, wantedMachine(pool, job))) return {kind: 'unfit'};
  const machine = claimStandby(ready, jobKeyOf(job), now);
  if (!machine) return {kind: 'taken'};
  // One that is too old to count has its successor already.
  const isReplaced = isFreshStandby(ready, now) && wantedStandby(pool, now, context.maxRunners) > 0;
  const successor = isReplaced ? standbyFor(context, pool.name, `after/${name}`) : undefined;
  return {kind: 'claimed', claim: {machine, successor}};
}

/** Writes the claim. The runner's record, which tells of the machine from then on, is written beside it. */
export function writeClaim(transaction: Transaction, {machine, successor}: Claim): void {
  transaction.set('standby', machine.name, machine);
  if (successor) transaction.set('standby', successor.name, successor);
}

/** What the record of a runner has from the standby machine that was claimed for it. */
export function claimedFields(machine: StandbyDocument): Partial<RunnerDocument> {
  const {hold, provider, machineId, billedType} = machine;
  return {standby: hold, provider, machineId, billedType, ...placementFields(placementOf(machine))};
}
