import type {Clock} from '../clock';
import type {Logger} from '../logger';
import type {Placement} from '../model/placement';
import {
  type ExhaustedPlacements,
  type FailedPlacement,
  type FailureClass,
  nextPlacement,
  type PlacementStep,
} from './placements';
import type {CreateOutcome, CreateRequest} from './provider';

/** No placement is tried later than this after the start, so that the last wait still fits into the time-out of the function. */
const LAST_ATTEMPT_SECONDS = 90;

/** Number of refusals that the message of a refused creation quotes. */
const MAX_SHOWN_REFUSALS = 3;

/** A placement that failed, with the error of the provider's service. */
export interface TriedPlacement extends FailedPlacement {
  readonly failure: {readonly code: string; readonly message: string};
}

/** One creation: what is tried, and how the provider words its outcome. */
export interface Ladder {
  /** In the order in which they are tried. */
  readonly placements: readonly Placement[];
  readonly runner: string;
  readonly pool: string;
  readonly exhausted: ExhaustedPlacements;
  readonly request: Pick<CreateRequest, 'full' | 'onFull'>;
  /** What a quota is counted for, of a place: see `nextPlacement`. */
  readonly regionOfPlace: (place: string) => string;
  /** `CreateOutcome.quotaScope` of a place. */
  readonly quotaScopeOf: (place: string) => string;
  /** The sentence that stands before the refusals, when every placement is refused. */
  readonly refused: string;
  /** Seconds to wait after a rate limit. */
  readonly retryAfterRateSeconds: (nowMs: number) => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tries one placement after the other until a machine is created, or until a failure rules out the other placements. Then decides the outcome
 * from all failures. `attempt` throws what `beforeInsert` and `onWaiting` throw; what `onFull` throws ends the creation too.
 */
export async function tryPlacements(
  ladder: Ladder,
  attempt: (placement: Placement) => Promise<CreateOutcome | TriedPlacement>,
): Promise<CreateOutcome> {
  const {placements, exhausted, clock, regionOfPlace} = ladder;
  exhausted.learn(ladder.request.full ?? []);
  exhausted.forgetIfAllInvalid(placements);
  const startedAt = clock.now();
  const failed: TriedPlacement[] = [];
  for (;;) {
    const step = nextPlacement(placements, failed, (placement) => exhausted.of(placement), regionOfPlace);
    if (step.kind !== 'try') return outcomeWithoutPlacement(ladder, failed, step);
    if (clock.now() - startedAt >= LAST_ATTEMPT_SECONDS * 1000) return outOfTime(failed);
    const outcome = await attempt(step.placement);
    if ('kind' in outcome) return outcome;
    await recordFailure(ladder, outcome);
    failed.push(outcome);
  }
}

async function recordFailure(
  {exhausted, request, logger, pool, runner}: Ladder,
  {placement, failure, failureClass}: TriedPlacement,
): Promise<void> {
  if (failureClass === 'zone_full') exhausted.add(placement, 'full');
  if (failureClass === 'invalid') exhausted.add(placement, 'invalid');
  const {place: zone, machineType, spot} = placement;
  logger.warning(failure.message, {
    decision: 'rung_failed',
    reason: failureClass,
    code: failure.code,
    runner,
    pool,
    zone,
    ...(machineType ? {machineType} : {}),
    spot,
  });
  if (failureClass === 'zone_full') await request.onFull?.(placement);
}

function outcomeWithoutPlacement(
  ladder: Ladder,
  failed: readonly TriedPlacement[],
  step: Exclude<PlacementStep, {kind: 'try'}>,
): CreateOutcome {
  const {placements, clock, quotaScopeOf} = ladder;
  const last = failed.at(-1);
  if (!last) {
    const message = `each of the ${placements.length} placements was full or refused a few minutes ago`;
    return {kind: 'no_capacity', tried: [], message};
  }
  // Among several failures, the one that decided the outcome.
  const decisive = (failureClass: FailureClass) => failed.findLast((one) => one.failureClass === failureClass) ?? last;
  switch (step.because) {
    case 'no_capacity':
      return {kind: 'no_capacity', tried: placementsOf(failed), message: decisive('zone_full').failure.message};
    case 'quota': {
      const {failure, placement} = decisive('quota');
      return {kind: 'quota', message: failure.message, quotaScope: quotaScopeOf(placement.place)};
    }
    case 'rate': {
      const retryAfterSeconds = ladder.retryAfterRateSeconds(clock.now());
      return {kind: 'rate_limited', message: last.failure.message, retryAfterSeconds};
    }
    case 'refused':
      return {kind: 'refused', message: refusals(ladder, failed)};
    default:
      return {kind: 'refused', message: last.failure.message};
  }
}

/** Quotes only some of the refusals: most often they are all the same. */
function refusals({placements, refused}: Ladder, failed: readonly TriedPlacement[]): string {
  const messages = failed.slice(0, MAX_SHOWN_REFUSALS).map(({failure}) => failure.message);
  const more = placements.length > messages.length ? `; and ${placements.length - messages.length} more` : '';
  return `${refused}: ${messages.join('; ')}${more}`;
}

function outOfTime(failed: readonly TriedPlacement[]): CreateOutcome {
  const message = `${failed.length} placements failed within ${LAST_ATTEMPT_SECONDS} s, the others are left for the next attempt`;
  return {kind: 'no_capacity', tried: placementsOf(failed), message};
}

function placementsOf(failed: readonly TriedPlacement[]): Placement[] {
  return failed.map(({placement}) => placement);
}
