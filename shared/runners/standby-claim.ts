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

/** Attempts to take a slot in which a standby machine is tried, too. */
export const STANDBY_ROUNDS = 6;

/** Ready machines that are read where they are all alike. */
const MOST_READ = 20;

/** The same where a job may choose one of them. */
const MOST_READ_TO_CHOOSE = 200;

/** What the job chooses by its options; `prefer` takes either. */
function wantedMachine(pool: Pool, {labels}: Pick<JobDocument, 'labels'>): WantedMachine {
  const {machine, disk, spot} = optionsOf(pool, labels);
  return {
    ...(machine === undefined ? {} : {machineType: machine}),
    ...(disk === undefined ? {} : {diskGb: disk}),
    ...(spot === undefined || spot === 'prefer' ? {} : {spot: spot === 'only'}),
  };
}

/**
 * Ready standby machines of the pool, beginning at any of them, because other executions look for one at the same time. Read before the
 * transaction of the claim.
 */
export async function findStandby(context: Context, poolName: string): Promise<readonly StandbyDocument[]> {
  const pool = poolOf(context, poolName);
  if (!pool?.standby) return [];
  const limit = pool.options ? MOST_READ_TO_CHOOSE : MOST_READ;
  const ready = await context.store.find('standby', {where: {pool: poolName, state: 'ready'}, limit});
  const first = Math.floor(context.random.next() * ready.length);
  return [...ready.slice(first), ...ready.slice(0, first)].map(({data}) => data);
}

/** A claim, as the transaction writes it. */
export interface Claim {
  readonly machine: StandbyDocument;
  /** The record of the machine that is prepared in its place; undefined: none is wanted. */
  readonly successor: StandbyDocument | undefined;
}

/** `none`: no machine is what the job asks for. `taken`: another execution has claimed it, or it is not ready any more. */
export type ClaimAttempt = {readonly kind: 'claimed'; readonly claim: Claim} | {readonly kind: 'taken' | 'none'};

/**
 * Claims for a job the first of the ready machines that is what the job asks for. `pool`: whose machines they are; the job's own, or a fallback
 * of it. Only reads: `writeClaim` writes it, in the same transaction.
 */
export async function readClaim(
  context: Context,
  transaction: Transaction,
  candidates: readonly StandbyDocument[],
  pool: Pool,
  job: JobDocument,
): Promise<ClaimAttempt> {
  const now = context.clock.now();
  const wanted = wantedMachine(pool, job);
  // mutation: standby that fits
  const name = candidates.find((each) => fitsPlacement(each, wanted))?.name;
  if (name === undefined) return {kind: 'none'};
  const ready = await transaction.get('standby', name);
  if (!ready || ready.pool !== pool.name || ready.provider !== pool.provider.type) return {kind: 'taken'};
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
