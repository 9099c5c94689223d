import type {InsertRequest, InstanceTemplate} from '../compute/compute';
import {ComputeFailure, type ComputeFailureClass} from '../compute/failure';
import {instanceBody} from '../compute/instance-body';
import {requestId} from '../compute/request-id';
import {findTemplate} from '../compute/template';
import {Refused} from '../errors';
import {buildLadder, type FailedRung, type LadderStep, nextRung} from '../lifecycle/ladder';
import {regionOf, zoneOrder} from '../lifecycle/zones';
import {longestIdleMinutes} from '../sweep/rules/warm-runners';
import type {FailedRungs} from './failed-rungs';
import type {GcePool, GceProviderOptions} from './gce';
import {attemptInsert} from './gce-attempt';
import {type DefaultPlace, poolRegion, poolZones} from './gce-zones';
import type {CreateOutcome, CreateRequest, Rung} from './provider';
import {secondsToNextMinute} from './rate-quota';

/** No further rung is begun later than this, so that the last one's wait still fits into the function's time-out. */
const CLIMB_SECONDS = 90;

/** In the message of a creation that every placement refused. */
const SHOWN_REFUSALS = 3;

interface CreateOptions extends Omit<GceProviderOptions, 'pools'> {
  readonly pool: GcePool;
  readonly place: DefaultPlace;
  readonly failedRungs: FailedRungs;
}

interface Prepared {
  readonly template: InstanceTemplate;
  readonly ladder: readonly Rung[];
}

/** A rung that failed, with what Compute Engine said. */
interface Failed extends FailedRung {
  readonly failure: ComputeFailure;
}

/**
 * Climbs the ladder until a machine is made, or what happened forbids to try another rung. What one rung was refused for is no outcome: that
 * is decided when the ladder ends.
 */
export async function createMachine(options: CreateOptions, request: CreateRequest): Promise<CreateOutcome> {
  const prepared = await prepare(options, request);
  if ('kind' in prepared) return prepared;
  options.failedRungs.reconsider(prepared.ladder);
  const startedAt = options.clock.now();
  const failed: Failed[] = [];
  for (;;) {
    const step = nextRung(prepared.ladder, failed, (rung) => options.failedRungs.of(rung));
    if (step.kind !== 'try') return giveUp(options, prepared.ladder, failed, step);
    if (options.clock.now() - startedAt >= CLIMB_SECONDS * 1000) return outOfTime(failed);
    const outcome = await tryRung(options, request, prepared.template, step.rung);
    if ('kind' in outcome) return outcome;
    note(options, request, outcome);
    failed.push(outcome);
  }
}

/** Template and zones. Nothing was inserted yet: whatever does not answer is worth another try. */
async function prepare(options: CreateOptions, {name}: CreateRequest): Promise<Prepared | CreateOutcome> {
  const {compute, pool, place, clock} = options;
  try {
    const zones = await poolZones(compute, pool, place);
    const template = await findTemplate(compute, pool.provider.template, poolRegion(pool, place));
    const {machineTypes, spot} = pool.provider;
    return {
      template,
      ladder: buildLadder({zones: zoneOrder(name, zones), spot, ...(machineTypes ? {machineTypes} : {})}),
    };
  } catch (error) {
    if (error instanceof Refused) return {kind: 'refused', message: error.message};
    if (!(error instanceof ComputeFailure)) throw error;
    if (!error.retryable) return {kind: 'refused', message: error.message};
    const retryAfterSeconds = error.failureClass === 'rate' ? secondsToNextMinute(clock.now()) : 10;
    return {kind: 'rate_limited', message: error.message, retryAfterSeconds};
  }
}

async function tryRung(
  options: CreateOptions,
  request: CreateRequest,
  template: InstanceTemplate,
  rung: Rung,
): Promise<CreateOutcome | Failed> {
  await request.beforeInsert(rung);
  const {compute, clock} = options;
  const insert = insertRequest(options, request, template, rung);
  const attempt = await attemptInsert({compute, clock, insert, onWaiting: request.onWaiting});
  switch (attempt.kind) {
    case 'created':
      return {kind: 'created', rung};
    case 'failed': {
      const {failure} = attempt;
      return {rung, failure, failureClass: failure.failureClass};
    }
    default:
      return {kind: attempt.kind, rung, message: attempt.message};
  }
}

function insertRequest(
  {pool, deployment}: CreateOptions,
  {name, job, encodedJitConfig}: CreateRequest,
  template: InstanceTemplate,
  rung: Rung,
): InsertRequest {
  const minutes = {boot: pool.bootMinutes, idle: longestIdleMinutes(pool), job: pool.jobMinutes};
  const model = rung.spot ? 'spot' : 'standard';
  return {
    zone: rung.zone,
    sourceInstanceTemplate: template.selfLink,
    body: instanceBody({name, deployment, pool: pool.name, job, encodedJitConfig, rung, template, minutes}),
    // Good for this request only: another rung of the same name is another request. The template's URL holds the project.
    requestId: requestId(name, rung.zone, template.selfLink, rung.machineType ?? '', model),
  };
}

function note({failedRungs, logger, pool}: CreateOptions, {name}: CreateRequest, {rung, failure}: Failed): void {
  if (failure.failureClass === 'zone_full') failedRungs.add(rung, 'full');
  if (failure.failureClass === 'invalid') failedRungs.add(rung, 'invalid');
  logger.warning(failure.message, {
    decision: 'rung_failed',
    reason: failure.failureClass,
    code: failure.code,
    runner: name,
    pool: pool.name,
    ...rung,
  });
}

function giveUp(
  {clock}: CreateOptions,
  ladder: readonly Rung[],
  failed: readonly Failed[],
  step: Exclude<LadderStep, {kind: 'try'}>,
): CreateOutcome {
  const last = failed.at(-1);
  if (!last) {
    const message = `each of the ${ladder.length} placements was full or refused a few minutes ago`;
    return {kind: 'no_capacity', tried: [], message};
  }
  // Among refusals of other placements, the one that decided.
  const decisive = (failureClass: ComputeFailureClass) =>
    failed.findLast((one) => one.failureClass === failureClass) ?? last;
  switch (step.because) {
    case 'no_capacity':
      return {kind: 'no_capacity', tried: rungsOf(failed), message: decisive('zone_full').failure.message};
    case 'quota': {
      const {failure, rung} = decisive('quota');
      return {kind: 'quota', message: failure.message, region: regionOf(rung.zone)};
    }
    case 'rate':
      return {kind: 'rate_limited', message: last.failure.message, retryAfterSeconds: secondsToNextMinute(clock.now())};
    case 'refused':
      return {kind: 'refused', message: refusals(ladder, failed)};
    default:
      return {kind: 'refused', message: last.failure.message};
  }
}

/** Most often every placement is refused for the same reason: some of them show it. */
function refusals(ladder: readonly Rung[], failed: readonly Failed[]): string {
  const messages = failed.slice(0, SHOWN_REFUSALS).map(({failure}) => failure.message);
  const more = ladder.length > messages.length ? `; and ${ladder.length - messages.length} more` : '';
  return `Compute Engine refuses every placement of the pool; correct its template, zones or machine types: ${messages.join('; ')}${more}`;
}

function outOfTime(failed: readonly Failed[]): CreateOutcome {
  const message = `${failed.length} rungs failed within ${CLIMB_SECONDS} s, the others are left for the next attempt`;
  return {kind: 'no_capacity', tried: rungsOf(failed), message};
}

function rungsOf(failed: readonly Failed[]): Rung[] {
  return failed.map(({rung}) => rung);
}
