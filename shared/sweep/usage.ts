import {DAY_MS, MINUTE_MS} from '../durations';
import {isSpeltOut} from '../model/names';
import type {Pool} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import {
  addToRows,
  addToTotals,
  type CountedUpTo,
  type CountedVm,
  dayOf,
  expiryOfUsage,
  hostAsPool,
  PERSISTENT_VM,
  USAGE_CURSOR,
  type UsageCursor,
  type UsageDocument,
  type UsageRow,
  type Use,
  usageId,
  useOf,
} from '../model/usage';
import type {Session, VmDocument} from '../model/vm';
import {type Context, poolOf} from '../ports';
import type {Found, Transaction} from '../store/store';
import type {Sweep} from './context';
import type {Observed} from './observed';

/**
 * Runners that ended less than so many milliseconds ago are left to a later sweep: a transaction that began before may still be written, with
 * its own clock's time.
 */
// mutation: usage is behind
const BEHIND_MS = 2 * MINUTE_MS;

/** Ended runners of one state that a sweep reads. */
const MAX_RUNNERS = 300;

/** Documents of pools and repositories that a sweep writes in its one transaction; the rest is left to the next one. */
// mutation: documents of a sweep
const MAX_DOCUMENTS = 300;

/** How often the time of a VM that stays up is counted, in milliseconds. */
const VM_INTERVAL_MS = 10 * MINUTE_MS;

const STATES = ['gone', 'failed'] as const;

/**
 * Adds what the machines of ended runners, persistent VMs and the VMs of Docker hosts did since the last sweep to `usage`. The cursor is written in the transaction of
 * the rows, so that each machine is counted once, whatever crashes or is repeated. Bounded: what a sweep does not reach, the next one does; the
 * records of ended runners stay for three days. Also without time left: sweeps that never have any would lose it all. Never throws: a failure is left to the next sweep.
 */
export async function countUsage(sweep: Sweep, observed: Pick<Observed, 'vms' | 'hosts'>): Promise<void> {
  const {context} = sweep;
  try {
    const before = cursorOf(await context.store.get('usage', USAGE_CURSOR));
    const batch = await readBatch(sweep, before, vmsToCount(context, observed));
    if (batch) await writeBatch(context, before, batch);
  } catch (error) {
    context.logger.warning('sweep: usage could not be counted, and is left to the next one', {
      decision: 'failed',
      reason: 'usage',
      error,
    });
  }
}

interface Batch {
  readonly uses: readonly Use[];
  readonly next: Omit<UsageCursor, 'expireAt'>;
}

function cursorOf(stored: UsageDocument | UsageCursor | undefined): Omit<UsageCursor, 'expireAt'> {
  if (!stored || !('vms' in stored)) return {gone: null, failed: null, vms: {}};
  const {gone, failed, vms} = stored;
  return {gone, failed, vms};
}

/** What is to be counted, and the cursor behind it. Undefined: nothing is new. */
async function readBatch(sweep: Sweep, before: Batch['next'], vms: readonly VmToCount[]): Promise<Batch | undefined> {
  const {context, startedAt} = sweep;
  const uses: Use[] = [];
  const documents = new Set<string>();
  const reached: Record<(typeof STATES)[number], CountedUpTo | null> = {gone: before.gone, failed: before.failed};
  for (const state of STATES) {
    for (const {id, data} of await endedSince(context, state, before[state])) {
      const use = useOf(data);
      // mutation: room for usage
      if (use && !hasRoom(documents, use)) break;
      if (use) uses.push(use);
      reached[state] = {stateAt: data.stateAt, name: id};
    }
  }
  const ofVms = countVms(vms, before.vms, startedAt);
  if (reached.gone === before.gone && reached.failed === before.failed && ofVms.uses.length === 0) return undefined;
  return {uses: [...uses, ...ofVms.uses], next: {...reached, vms: ofVms.counted}};
}

/** Whether the use goes into one of the documents of this sweep. */
function hasRoom(documents: Set<string>, use: Use): boolean {
  const id = usageId(use);
  if (documents.size >= MAX_DOCUMENTS && !documents.has(id)) return false;
  documents.add(id);
  return true;
}

function endedSince(
  {store, clock}: Context,
  state: RunnerDocument['state'],
  counted: CountedUpTo | null,
): Promise<Found<'runners'>[]> {
  const last = clock.now() - BEHIND_MS;
  const after = counted ? {after: {value: counted.stateAt, id: counted.name}} : {};
  return store.find('runners', {where: {state}, orderBy: 'stateAt', between: {...after, last}, limit: MAX_RUNNERS});
}

async function writeBatch(context: Context, before: Batch['next'], {uses, next}: Batch): Promise<void> {
  await context.store.transaction(async (transaction) => {
    // Another sweep, whose lock has ended, may have counted the same.
    // mutation: counted by another sweep
    if (!isSameCursor(cursorOf(await transaction.get('usage', USAGE_CURSOR)), before)) return;
    const expireAt = expiryOfUsage(context.clock.now());
    const written = await sumUp(transaction, uses, expireAt);
    for (const [id, document] of written) transaction.set('usage', id, document);
    // mutation: cursor of usage
    transaction.set('usage', USAGE_CURSOR, {...next, expireAt});
  });
}

function isSameCursor(a: Batch['next'], b: Batch['next']): boolean {
  return JSON.stringify([a.gone, a.failed]) === JSON.stringify([b.gone, b.failed]) && isSameVms(a.vms, b.vms);
}

function isSameVms(a: UsageCursor['vms'], b: UsageCursor['vms']): boolean {
  const ids = Object.keys(a);
  return ids.length === Object.keys(b).length && ids.every((id) => a[id]?.until === b[id]?.until);
}

/** The documents that the uses change, as they are to be written. Only reads. */
async function sumUp(
  transaction: Transaction,
  uses: readonly Use[],
  expireAt: number,
): Promise<Map<string, UsageDocument>> {
  const changes = new Map<string, {head: Omit<UsageDocument, 'rows' | 'expireAt'>; uses: Use[]}>();
  for (const use of uses) {
    const {day, pool, repository} = use;
    const heads = [
      [usageId(use), {day, pool, repository}],
      [day, {day, pool: null, repository: null}],
    ] as const;
    for (const [id, head] of heads) changes.set(id, {head, uses: [...(changes.get(id)?.uses ?? []), use]});
  }
  const written = [...changes].map(async ([id, {head, uses: added}]): Promise<[string, UsageDocument]> => {
    const stored = await transaction.get('usage', id);
    const add = head.pool === null ? addToTotals : addToRows;
    const rows: readonly UsageRow[] = added.reduce(add, stored && 'rows' in stored ? stored.rows : []);
    return [id, {...head, rows, expireAt}];
  });
  return new Map(await Promise.all(written));
}

/** A VM that is started and stopped, with the pool and the repository in whose rows it counts. */
interface VmToCount extends Pick<Use, 'pool' | 'repository'> {
  readonly id: string;
  readonly document: VmDocument;
}

/** Persistent VMs count in the first of their pools; the VM of a Docker host, which may serve several, as the host's. */
function vmsToCount(context: Context, {vms, hosts}: Pick<Observed, 'vms' | 'hosts'>): VmToCount[] {
  const ofPools = vms.flatMap(({id, pools, document}) => {
    const pool = poolOf(context, pools[0] ?? '');
    return pool ? [{id, document, pool: pool.name, repository: repositoryOf(pool)}] : [];
  });
  const ofHosts = hosts.flatMap(({name, vm}) =>
    vm?.document ? [{id: vm.id, document: vm.document, pool: hostAsPool(name), repository: PERSISTENT_VM}] : [],
  );
  return [...ofPools, ...ofHosts];
}

interface CountedVms {
  readonly uses: readonly Use[];
  readonly counted: UsageCursor['vms'];
}

/** What the VMs did that is not counted yet, up to the time `now` at which the sweep began to look at them. */
function countVms(vms: readonly VmToCount[], before: UsageCursor['vms'], now: number): CountedVms {
  const uses: Use[] = [];
  const counted = {...before};
  for (const vm of vms) {
    const known: CountedVm = before[vm.id] ?? {until: 0, jobs: 0};
    const {jobs} = known;
    const over = countedTooFar(vm.document, known);
    if (over) uses.push(...usesOfVm(vm, over, 0).map((use) => ({...use, ms: -use.ms})));
    const until = over ? over.from : known.until;
    if (over) counted[vm.id] = {until, jobs};
    const spans = uncountedSpans(vm.document, until, now);
    const [last] = spans.slice(-1);
    if (!last) continue;
    const begun = vm.document.jobsBegun ?? 0;
    uses.push(...spans.flatMap((span, index) => usesOfVm(vm, span, index === spans.length - 1 ? begun - jobs : 0)));
    const {upSince} = vm.document;
    const since = typeof upSince === 'number' && last.to > upSince ? upSince : null;
    counted[vm.id] = {until: last.to, jobs: begun, since};
  }
  return {uses, counted};
}

/** The time that was counted beyond the end of a session, which went unnoticed for a while. */
function countedTooFar({sessions = []}: VmDocument, {until, since}: CountedVm): Session | undefined {
  // mutation: counted too far
  const ended = sessions.find(({from, to}) => from === since && to < until);
  return ended && {...ended, from: ended.to, to: until};
}

function uncountedSpans(
  {sessions = [], upSince, machineType = null, spot = null}: VmDocument,
  until: number,
  now: number,
): Session[] {
  const ended = sessions
    .filter(({to}) => to > until)
    .map((session) => ({...session, from: Math.max(session.from, until)}));
  if (typeof upSince !== 'number') return ended;
  const since = {from: Math.max(upSince, until), to: now, machineType, spot};
  const isDue = since.to - since.from >= VM_INTERVAL_MS || dayOf(since.from) !== dayOf(since.to);
  return isDue && since.to > since.from ? [...ended, since] : ended;
}

/** One use for each UTC day that the time touches; its jobs are of the last day. */
function usesOfVm(
  {pool, repository}: Pick<VmToCount, 'pool' | 'repository'>,
  {from, to, machineType = null, spot}: Session,
  jobs: number,
): Use[] {
  const uses: Use[] = [];
  for (let start = from; start < to; ) {
    const midnight = Date.parse(`${dayOf(start)}T00:00:00Z`) + DAY_MS;
    const end = Math.min(to, midnight);
    uses.push({
      day: dayOf(start),
      pool,
      repository,
      workflow: PERSISTENT_VM,
      machineType,
      spot: spot ?? false,
      jobs: end === to ? jobs : 0,
      machines: 0,
      ms: end - start,
    });
    start = end;
  }
  return uses;
}

/** The one repository of the pool. Where it has several, nobody knows for which of them the VM is up. */
function repositoryOf({scope}: Pool): string {
  const [only, ...more] = scope.kind === 'repositories' ? scope.patterns : [];
  return only !== undefined && more.length === 0 && isSpeltOut(only) ? only : PERSISTENT_VM;
}
