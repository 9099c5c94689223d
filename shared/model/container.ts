import {DAY_MS, MINUTE_MS} from '../durations';

/** States of a container, in the words of the sync: whatever else Docker calls them is one of these. */
export type ReportedState = 'created' | 'running' | 'exited';

/** A container as its host reports it. Times are in milliseconds since the epoch; null: not yet, or not known. */
export interface ReportedContainer {
  readonly name: string;
  readonly state: ReportedState;
  /** Null unless exited. 125: it could not be started. */
  readonly exitCode: number | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/**
 * - `assigned`: the host has a slot for it, and was told nothing yet.
 * - `handed_over`: a sync has claimed it; whether the host has learnt of it is not known.
 * - `confirmed`: the host has reported it.
 * - `exited`: it has ended, and is to be removed.
 * - `taken_back`: the host has not reported it within `CONFIRM_MS`.
 * - `gone`: the host no longer reports it, or was never told of it.
 */
export type ContainerState = 'assigned' | 'handed_over' | 'confirmed' | 'exited' | 'taken_back' | 'gone';

/** `containers/<runner name>` of provider `docker`. Holds no secret. */
export interface ContainerDocument {
  readonly name: string;
  readonly host: string;
  readonly pool: string;
  readonly state: ContainerState;
  /** Id of its slot of the host's capacity, `host:<host>.<n>`; null: it holds none any more. */
  readonly slot: string | null;
  /** Whether a sync of the host has to look at it: it is not over, or what follows from its end is not done. */
  readonly open: boolean;
  /** It is asked to go: `remove` names it until it is no longer reported. */
  readonly leaving: boolean;
  /** A change of `state` whose consequences for the runner are not on record yet. */
  readonly pending: boolean;
  /** As it was last reported; null: never. */
  readonly reported: ReportedState | null;
  readonly exitCode: number | null;
  readonly startedAt: number | null;
  readonly handedOverAt: number | null;
  /** Time of the report on record: a sync that arrived before it says nothing new. */
  readonly reportedAt: number | null;
  /**
   * When its runner was last looked for at GitHub, where the image registers it itself; 0: not yet. Null or missing: there is nothing to look
   * for, or it is found.
   */
  readonly lookedForAt?: number | null;
  readonly createdAt: number;
  readonly stateAt: number;
  readonly expireAt: number;
}

/** A hand-over that is not reported after this time is taken back by the next sync. */
export const CONFIRM_MS = 60_000;

/** Between two looks for a runner that its image registers itself. */
const LOOK_INTERVAL_MS = 10_000;

/** Hand-overs of one sync, each of which costs a call of GitHub. */
export const MAX_HAND_OVERS = 5;

/** How long the record of a container that is over stays, so that a host which was away is told to remove it. */
const OVER_RETENTION_MS = 7 * DAY_MS;
const LIVE_RETENTION_MS = 60 * DAY_MS;

/** The record of a container that is assigned to a host. */
export function newContainer(
  given: Pick<ContainerDocument, 'name' | 'host' | 'pool'> & {readonly slot: string; readonly now: number},
): ContainerDocument {
  const {now, ...rest} = given;
  return {
    ...rest,
    state: 'assigned',
    open: true,
    leaving: false,
    pending: false,
    reported: null,
    exitCode: null,
    startedAt: null,
    handedOverAt: null,
    reportedAt: null,
    createdAt: now,
    stateAt: now,
    expireAt: now + LIVE_RETENTION_MS,
  };
}

/** Whether the host does not have the container, and will not get it. */
export function isContainerOver({state}: Pick<ContainerDocument, 'state'>): boolean {
  return state === 'gone' || state === 'taken_back';
}

/** Whether the container counts against the capacity of its host. */
export function holdsCapacity({slot}: Pick<ContainerDocument, 'slot'>): boolean {
  return slot !== null;
}

/** A sync claims the hand-over, before GitHub is asked. Undefined: another one has, or the container is over. */
export function handOver(container: ContainerDocument, now: number): ContainerDocument | undefined {
  if (container.state !== 'assigned' || container.leaving) return undefined;
  return {...container, state: 'handed_over', handedOverAt: now, stateAt: now};
}

/** GitHub made no registration, and the host was told nothing: the next sync tries again. */
export function undoHandOver(container: ContainerDocument, now: number): ContainerDocument {
  if (container.state !== 'handed_over') return container;
  return {...container, state: 'assigned', handedOverAt: null, stateAt: now};
}

/** The container is asked to go. One that the host was never told of is gone at once. */
export function askToGo(container: ContainerDocument, now: number): ContainerDocument {
  if (isContainerOver(container)) return container;
  if (container.state === 'assigned')
    return {...over(container, 'gone', now), leaving: true, pending: false, open: false};
  return {...container, leaving: true};
}

/**
 * The container after a sync that arrived at `receivedAt` and reports it as `reported` (undefined: not at all). A report that arrived before
 * the one on record, or before the hand-over, changes nothing.
 */
export function reportContainer(
  container: ContainerDocument,
  reported: ReportedContainer | undefined,
  receivedAt: number,
): ContainerDocument {
  const {state, reportedAt, handedOverAt} = container;
  if (isContainerOver(container) || receivedAt < (reportedAt ?? 0)) return container;
  if (!reported) return reportMissing(container, receivedAt);
  if (handedOverAt === null && state === 'assigned') return container;
  const {exitCode, startedAt} = reported;
  const seen = {...container, reported: reported.state, exitCode, startedAt, reportedAt: receivedAt};
  if (state === 'exited') return container;
  if (reported.state === 'exited') {
    return {...seen, state: 'exited', slot: null, leaving: true, pending: true, stateAt: receivedAt};
  }
  if (state === 'confirmed' && container.reported === reported.state) return container;
  return {...seen, state: 'confirmed', stateAt: state === 'confirmed' ? container.stateAt : receivedAt};
}

function reportMissing(container: ContainerDocument, receivedAt: number): ContainerDocument {
  switch (container.state) {
    case 'handed_over': {
      // mutation: hand-over taken back
      const isDue = container.handedOverAt !== null && receivedAt - container.handedOverAt >= CONFIRM_MS;
      return isDue ? over(container, 'taken_back', receivedAt) : container;
    }
    case 'confirmed':
    case 'exited':
      return over(container, 'gone', receivedAt);
    default:
      return container;
  }
}

function over(container: ContainerDocument, state: 'gone' | 'taken_back', now: number): ContainerDocument {
  return {...container, state, slot: null, pending: true, stateAt: now, expireAt: now + OVER_RETENTION_MS};
}

/** The container after its time is over on a host that does not call. If the host ever reports it, it is asked to go. */
export function giveUpContainer(container: ContainerDocument, now: number): ContainerDocument {
  return {...over(container, 'gone', now), pending: false, open: false};
}

/** What follows for the runner is on record: a container that is over needs no further look. */
export function settleContainer(container: ContainerDocument): ContainerDocument {
  return {...container, pending: false, open: !isContainerOver(container)};
}

/** Whether the container was created and not started for `bootMinutes` since its hand-over. */
export function isStuck(container: ContainerDocument, bootMinutes: number, now: number): boolean {
  const {state, reported, leaving, handedOverAt} = container;
  if (state !== 'confirmed' || reported !== 'created' || leaving || handedOverAt === null) return false;
  return now - handedOverAt >= bootMinutes * MINUTE_MS;
}

/** Whether the runner of a container, whose image registers it itself, is to be looked for at GitHub now. */
export function isLookedFor({state, leaving, lookedForAt = null}: ContainerDocument, now: number): boolean {
  return state === 'confirmed' && !leaving && lookedForAt !== null && now - lookedForAt >= LOOK_INTERVAL_MS;
}

/** Whether nothing is under way with the container: it runs, and that is on record. */
export function isAtRest({state, reported, leaving, pending, lookedForAt = null}: ContainerDocument): boolean {
  return state === 'confirmed' && reported === 'running' && !leaving && !pending && lookedForAt === null;
}
