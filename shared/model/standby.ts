import {createHash} from 'node:crypto';
import {DAY_MS, HOUR_MS, MINUTE_MS} from '../durations';
import type {JobKey} from './job';
import {runnerName, tagOf} from './names';
import {type Placement, type PlacementFields, placementFields, placementOf} from './placement';
import type {Pool, StandbyHold} from './pool';
import {scheduledCount} from './warm';

/**
 * - `preparing`: on record, and on its way to being stopped or suspended.
 * - `ready`: stopped or suspended, and free to be claimed.
 * - `claimed`: a runner has its name; the runner's record says what becomes of it.
 * - `failed`: it will never be ready. `expired`: it is not wanted any more. Its machine is deleted.
 */
export type StandbyState = 'preparing' | 'ready' | 'claimed' | 'failed' | 'expired';

/** `standby/<name>`. The machine has the same name, and so has its runner once a job has claimed it. */
export interface StandbyDocument extends PlacementFields {
  readonly name: string;
  readonly pool: string;
  /** Type of the provider that has the machine. */
  readonly provider: string;
  readonly hold: StandbyHold;
  readonly state: StandbyState;
  /** Whether there may be a machine that no runner has: `preparing`, `ready`, and `failed` or `expired` until its deletion was accepted. */
  readonly isHeld: boolean;
  /** Id that the provider gave to the machine. Null: not known, so the machine is looked for by its name. */
  readonly machineId: string | null;
  /** Machine type of the latest insert, also where it is the template's; null: not known. */
  readonly billedType: string | null;
  /** When the machine was first seen to be prepared, so that it can be suspended; null: it was not. */
  readonly preparedAt: number | null;
  /** Of what the machine was made from, in the words of its provider; null: not known. */
  readonly fingerprint: string | null;
  /** The job that claimed it. */
  readonly claimedBy: JobKey | null;
  /** Why it failed or expired, for people; null: it did not. */
  readonly because: string | null;
  readonly createdAt: number;
  readonly stateAt: number;
  readonly expireAt: number;
}

/** From this age on a successor is made, and the machine no longer counts: then there is no time without one. */
const RENEWED_AFTER_MS = 23 * HOUR_MS;

/** At this age a standby machine is deleted. */
export const STANDBY_SHELF_MS = DAY_MS;

/** A machine that is held outlives its shelf life on record by this much, so that the sweep finds what it has to delete. */
const HELD_RETENTION_MS = 30 * DAY_MS;

/** How long a record stays after its machine was claimed or deleted. */
const OVER_RETENTION_MS = DAY_MS;

/**
 * Number of standby machines that the pool should have now. If several schedules match, the highest count. `ofAll`: the limit over all pools;
 * undefined: there is none.
 */
export function wantedStandby(
  {standby, maxRunners}: Pick<Pool, 'standby' | 'maxRunners'>,
  now: number,
  ofAll: number | undefined,
): number {
  return standby ? scheduledCount(standby.count, Math.min(maxRunners, ofAll ?? maxRunners), now) : 0;
}

/** Name of the standby machine that a key stands for: the same key gives the same one, so that what is repeated prepares one machine. */
export function standbyName(deployment: string, pool: string, key: string): string {
  const digest = createHash('sha256').update(`standby/${deployment}/${pool}/${key}`).digest();
  return runnerName(deployment, pool, tagOf('s', digest), 1);
}

/** Key of the preparation of a standby machine. */
export function standbyKey(name: string): string {
  return `standby/${name}`;
}

/** The first record, before its machine is created. */
export function newStandby(
  given: Pick<StandbyDocument, 'name' | 'pool' | 'provider' | 'hold'> & {readonly now: number},
): StandbyDocument {
  const {now, ...rest} = given;
  return {
    ...rest,
    state: 'preparing',
    isHeld: true,
    machineId: null,
    ...placementFields(null),
    billedType: null,
    preparedAt: null,
    fingerprint: null,
    claimedBy: null,
    because: null,
    createdAt: now,
    stateAt: now,
    expireAt: now + HELD_RETENTION_MS,
  };
}

/** Records that the machine is stopped or suspended and can be claimed. Undefined: it is not being prepared any more. */
export function makeReady(
  machine: StandbyDocument,
  fingerprint: string | undefined,
  now: number,
): StandbyDocument | undefined {
  if (machine.state !== 'preparing' || !placementOf(machine)) return undefined;
  return {...machine, state: 'ready', fingerprint: fingerprint ?? machine.fingerprint, stateAt: now};
}

/** Records that a job has claimed the machine, whose runner has its record from then on. Undefined: it cannot be claimed. */
export function claimStandby(machine: StandbyDocument, job: JobKey, now: number): StandbyDocument | undefined {
  // mutation: claimed once
  if (machine.state !== 'ready') return undefined;
  return {
    ...machine,
    state: 'claimed',
    isHeld: false,
    claimedBy: job,
    stateAt: now,
    expireAt: now + OVER_RETENTION_MS,
  };
}

/** Records that nobody may claim the machine any more, and why. Undefined: a job has claimed it. */
export function endStandby(
  machine: StandbyDocument,
  state: 'failed' | 'expired',
  because: string,
  now: number,
): StandbyDocument | undefined {
  if (machine.state === 'claimed') return undefined;
  if (isStandbyOver(machine)) return machine;
  return {...machine, state, because, stateAt: now};
}

/** Records that the deletion of the machine was accepted, or that there is none. Undefined: it is not to be deleted. */
export function releaseStandby(machine: StandbyDocument, now: number): StandbyDocument | undefined {
  if (!isStandbyOver(machine)) return undefined;
  return {...machine, isHeld: false, expireAt: now + OVER_RETENTION_MS};
}

/** Whether the machine has failed or expired. */
export function isStandbyOver({state}: Pick<StandbyDocument, 'state'>): boolean {
  return state === 'failed' || state === 'expired';
}

/** Whether the machine counts as one of those that its pool should have. */
export function isFreshStandby({state, createdAt}: StandbyDocument, now: number): boolean {
  return (state === 'preparing' || state === 'ready') && now - createdAt < RENEWED_AFTER_MS;
}

/** What a job asks of its machine beside its labels. Undefined: whatever the pool has. */
export interface WantedMachine {
  readonly machineType?: string;
  readonly diskGb?: number;
  readonly spot?: boolean;
}

/**
 * Whether the machine already is what the job asks for: its disk is the template's, and its place is taken as it is. `machineType` is compared
 * with the one on record, also where it is the template's.
 */
export function fitsPlacement(machine: StandbyDocument, {machineType, diskGb, spot}: WantedMachine): boolean {
  const placement: Placement | null = placementOf(machine);
  if (!placement || diskGb !== undefined) return false;
  if (machineType !== undefined && machineType !== (placement.machineType ?? machine.billedType)) return false;
  return spot === undefined || spot === placement.spot;
}

/** How long a machine of the pool may prepare itself, in milliseconds. A longer time is a failed boot. */
export function longestPreparationMs({bootMinutes}: Pick<Pool, 'bootMinutes'>): number {
  return 2 * bootMinutes * MINUTE_MS;
}

/** What becomes of the held machines of one pool. */
export interface StandbyBalance {
  /** Machines to delete, with the reason. */
  readonly surplus: readonly {readonly machine: StandbyDocument; readonly because: string}[];
  readonly missing: number;
}

/**
 * Compares the machines of a pool with the number that it should have. The youngest ready ones are kept before those that are still prepared.
 * One that is too old to count stays until enough young ones are ready.
 */
export function balanceStandby(machines: readonly StandbyDocument[], wanted: number, now: number): StandbyBalance {
  const held = machines.filter((machine) => !isStandbyOver(machine) && machine.state !== 'claimed');
  const fresh = held
    .filter((machine) => isFreshStandby(machine, now))
    .sort((a, b) => Number(b.state === 'ready') - Number(a.state === 'ready') || b.createdAt - a.createdAt);
  const ready = fresh.filter(({state}) => state === 'ready').length;
  const old = held.filter((machine) => !isFreshStandby(machine, now));
  const expired = old.filter(({createdAt}) => ready >= wanted || now - createdAt >= STANDBY_SHELF_MS);
  return {
    surplus: [
      ...fresh.slice(wanted).map((machine) => ({machine, because: 'its pool has more than it should'})),
      ...expired.map((machine) => ({machine, because: 'is a day old'})),
    ],
    missing: Math.max(0, wanted - fresh.length),
  };
}
