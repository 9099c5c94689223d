import {MINUTE_MS} from '../../durations';
import {RateLimited, Refused, Unavailable} from '../../errors';
import type {HookReference} from '../../github/github';
import {type FailedEvent, failureOfDeliveries, type HookReading} from '../../model/deliveries';
import {type DryRun, isTimeUp, type Sweep, tryList} from '../context';
import {runConcurrently} from '../run-concurrently';
import {dueHooks} from './hooks';
import {horizonOf, pageBudget, readAttempts} from './read';
import {type DeliveryRecord, loadDeliveries, saveDeliveries} from './record';
import {planRedeliveries, type Redelivery, redeliveryAllowance, tried} from './schedule';

/** Concurrent calls: 171 redeliveries of 0.3 s each take seven seconds. */
const MAX_CONCURRENT = 8;
const REASON = 'failed_delivery';

/** The result of one round of redeliveries. */
export interface Redelivered {
  /** Number of attempts that were read. */
  readonly seen: number;
  /** Number of events that still have to be redelivered. */
  readonly held: number;
  readonly givenUp: number;
  readonly decided: number;
  readonly done: number;
  readonly failed: number;
  /** A probe was sent: GitHub shows its result some seconds later. */
  readonly hasProbed: boolean;
  /** When the newest event of a job arrived by any hook, in milliseconds; 0: never; undefined: no hook could be read lately. */
  readonly arrivedAt?: number | undefined;
}

const NOTHING: Redelivered = {seen: 0, held: 0, givenUp: 0, decided: 0, done: 0, failed: 0, hasProbed: false};

/**
 * Reads the deliveries of all hooks and asks GitHub to redeliver the failed events that are due. `holder`: of the lock of the sweep;
 * undefined: nothing is written. Each try is stored before it is made, so that a crash causes no additional try. Never throws: a failure
 * does not end the sweep.
 */
export async function redeliverFailed(sweep: Sweep, holder: string | undefined, dryRun: DryRun): Promise<Redelivered> {
  if (sweep.webhooks === 'off') return NOTHING;
  const record = await tryList(sweep, 'the record of deliveries', () => loadDeliveries(sweep.context));
  if (!record) return NOTHING;
  const {hooks, readings, seen} = await readHooks(sweep, record);

  const now = sweep.context.clock.now();
  record.allowance = redeliveryAllowance(record.allowance, now);
  const plan = planRedeliveries(record.events.open(), readings, {now, calls: record.allowance.calls});
  const report = {
    ...NOTHING,
    arrivedAt: newestArrival(record, now),
    seen,
    givenUp: plan.givenUp.length,
    decided: plan.send.length,
  };
  if (holder === undefined || dryRun !== 'off') {
    for (const {guid} of plan.send) logDecision(sweep, guid);
    if (holder !== undefined) await save(sweep, holder, record);
    return {...report, givenUp: 0, held: record.events.open().length};
  }

  for (const [guid, event] of plan.givenUp) record.events.set(guid, {...event, isOver: true});
  for (const redelivery of plan.send) recordTry(record, redelivery, now);
  const isSaved = await save(sweep, holder, record);
  if (isSaved) for (const [guid, event] of plan.givenUp) logGivenUp(sweep, guid, event);
  const sent = isSaved ? await redeliverAll(sweep, hooks, record, plan.send) : {done: 0, failed: 0, isChanged: false};
  if (sent.isChanged) await save(sweep, holder, record);
  const hasProbed = isSaved && plan.send.some(({isProbe}) => isProbe);
  return {...report, done: sent.done, failed: sent.failed, held: record.events.open().length, hasProbed};
}

/** How long a reading of a hook counts: with a token hooks are listed every five minutes. */
const FRESH_MS = 15 * MINUTE_MS;

function newestArrival({hooks}: DeliveryRecord, now: number): number | undefined {
  const fresh = [...hooks.values()].filter(({since}) => now - since < FRESH_MS);
  return fresh.length === 0 ? undefined : Math.max(...fresh.map(({arrivedAt}) => arrivedAt ?? 0));
}

interface HooksRead {
  readonly hooks: ReadonlyMap<string, HookReference>;
  /** Readings of the hooks that could be read. */
  readonly readings: ReadonlyMap<string, HookReading>;
  readonly seen: number;
}

async function readHooks(sweep: Sweep, {hooks: known, events}: DeliveryRecord): Promise<HooksRead> {
  const busy = [...known].filter(([, {unread}]) => unread.length > 0).map(([key]) => key);
  const hooks = await dueHooks(sweep, new Set([...events.open().map(([, {hook}]) => hook), ...busy]));
  const readings = new Map<string, HookReading>();
  const pages = pageBudget();
  let seen = 0;
  for (const [key, hook] of hooks) {
    if (isTimeUp(sweep)) break;
    const before = known.get(key);
    const look = await readAttempts(sweep, hook, before, {events, pages});
    if (!look) continue;
    known.set(key, look.reading);
    readings.set(key, look.reading);
    seen += look.seen;
    logHealth(sweep, key, before, look.reading);
  }
  const horizons = new Map([...known].map(([key, reading]) => [key, horizonOf(reading)]));
  events.deleteOver((hook) => horizons.get(hook) ?? 0, sweep.context.clock.now());
  return {hooks, readings, seen};
}

/** Records a try or a probe before it is made. */
function recordTry(record: DeliveryRecord, {guid, event, isProbe}: Redelivery, now: number): void {
  const reading = record.hooks.get(event.hook);
  if (isProbe && reading) record.hooks.set(event.hook, {...reading, probedAt: now});
  record.events.set(guid, tried(event, {isProbe}, now));
  record.allowance = {...record.allowance, calls: record.allowance.calls - 1};
}

async function redeliverAll(
  sweep: Sweep,
  hooks: ReadonlyMap<string, HookReference>,
  {events}: DeliveryRecord,
  redeliveries: readonly Redelivery[],
): Promise<{done: number; failed: number; isChanged: boolean}> {
  const {context, discovery} = sweep;
  let [done, failed, isChanged, isLimited] = [0, 0, false, false];

  async function one({guid, event, isProbe}: Redelivery): Promise<void> {
    const hook = hooks.get(event.hook);
    if (!hook) return;
    try {
      await discovery.redeliver({hook, id: event.id});
      done += 1;
      const what = isProbe ? 'as a probe: the webhook does not answer' : `for the ${event.tries + 1}. time`;
      context.logger.info(`sweep: redeliver for ${REASON}, ${what}`, {
        decision: isProbe ? 'probed' : 'redelivered',
        reason: REASON,
        delivery: guid,
      });
    } catch (error) {
      failed += 1;
      isLimited ||= error instanceof RateLimited;
      // A call without an answer may have succeeded, and a refused one would be refused again: both count as a try.
      if (!(error instanceof Unavailable || error instanceof Refused)) {
        isChanged = true;
        events.set(guid, event);
      }
      context.logger.warning(`sweep: redeliver for ${REASON} failed, and is left to the next one`, {
        decision: 'failed',
        reason: REASON,
        delivery: guid,
        error,
      });
    }
  }

  const left = await runConcurrently(redeliveries, MAX_CONCURRENT, () => isLimited || isTimeUp(sweep), one);
  for (const {guid, event} of left) events.set(guid, event);
  return {done, failed, isChanged: isChanged || left.length > 0};
}

function logGivenUp({context}: Sweep, guid: string, {action, tries}: FailedEvent): void {
  context.logger.warning(
    `the event ${guid} (${action}) did not arrive in ${tries} tries, and is not delivered again; the sweep looks for its job at GitHub`,
    {decision: 'given_up', reason: REASON, delivery: guid, action, tries},
  );
}

/** Returns false when the record could not be saved. */
async function save(sweep: Sweep, holder: string, record: DeliveryRecord): Promise<boolean> {
  const saved = await tryList(sweep, 'the record of deliveries', async () => {
    await saveDeliveries(sweep.context, holder, record);
    return true;
  });
  return saved === true;
}

function logHealth({context}: Sweep, hook: string, before: HookReading | undefined, reading: HookReading): void {
  const {isDown} = reading;
  if (isDown === (before?.isDown ?? false)) return;
  if (isDown) {
    context.logger.warning(`${failureOfDeliveries(reading)}; one a minute is sent again as a probe`, {
      decision: 'webhook_down',
      hook,
    });
  } else
    context.logger.info('webhook deliveries succeed again: what was held back is due', {decision: 'webhook_up', hook});
}

function logDecision({context}: Sweep, guid: string): void {
  const fields = {decision: 'dry_run' as const, reason: REASON, delivery: guid};
  context.logger.info(`dry run: would redeliver for ${REASON}`, fields);
}
