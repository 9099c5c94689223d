import {HOUR_MS, MINUTE_MS} from '../durations';
import type {Pool} from '../model/pool';
import {IDLE, lastDays, OTHER, PERSISTENT_VM, type UsageDocument, type UsageRow} from '../model/usage';
import type {Store} from '../store/store';
import {HOSTED_SOURCE, hostedPrice, listPrice, MACHINE_SOURCE, type PriceSource} from './price-table';

export const COSTS_BY = ['pool', 'repository', 'workflow', 'day'] as const;
export type CostsBy = (typeof COSTS_BY)[number];

/** What machines cost a pool, a repository, a workflow or a day, as far as prices are known. */
export interface CostSum {
  /** Jobs that ran, and minutes of machines, which are there before and after their jobs. */
  readonly jobs: number;
  readonly minutes: number;
  /** Null: no price is known. Where `priced` is false, minutes whose price is not known are left out. */
  readonly usd: number | null;
  /** The minutes of jobs on GitHub-hosted runners of the same size; null: there are none of that size. Idle machines cost nothing there. */
  readonly github_hosted_usd: number | null;
  readonly priced: boolean;
}

export interface CostRow extends CostSum {
  readonly key: string;
  readonly pool?: string;
  readonly repository?: string;
  readonly workflow?: string;
}

export interface Costs {
  readonly currency: 'USD';
  readonly days: number;
  readonly by: CostsBy;
  readonly rows: readonly CostRow[];
  readonly total: CostSum;
  /** False: there are more repositories than one answer reads, and the oldest days lack some in `rows`. `total` has all. */
  readonly complete: boolean;
  readonly prices: {readonly machines: PriceSource; readonly github_hosted: PriceSource};
}

interface Question {
  readonly store: Store;
  readonly pools: readonly Pool[];
  /** USD an hour, by machine type or `<type>/spot`. */
  readonly prices: Readonly<Record<string, number>>;
  readonly days: number;
  readonly by: CostsBy;
  readonly now: number;
}

/** Documents of pools and repositories that one answer reads, beside one for each day. */
const MAX_DOCUMENTS = 3_000;
const PAGE_SIZE = 300;

/** What the machines of the last `days` UTC days, today among them, cost. Reads `days` documents, and by repository or workflow at most `MAX_DOCUMENTS` more. */
export async function costs({store, pools, prices, days, by, now}: Question): Promise<Costs> {
  const wanted = lastDays(days, now);
  const totals = (await Promise.all(wanted.map((day) => store.get('usage', day)))).flatMap(usageOf);
  const isTotal = by === 'pool' || by === 'day';
  const parts = isTotal ? {documents: totals, complete: true} : await readParts(store, wanted);
  const priceOf = pricesOf(prices, pools);
  const sums = new Map<string, {row: Omit<CostRow, keyof CostSum>; sum: Sum}>();
  for (const document of parts.documents) {
    for (const row of document.rows) {
      const names = namesOf(by, document, row);
      const known = sums.get(names.key) ?? {row: names, sum: NOTHING};
      sums.set(names.key, {row: known.row, sum: add(known.sum, row, priceOf)});
    }
  }
  const all = totals.flatMap(({rows}) => rows);
  const rows = [...sums.values()].map(({row, sum}): CostRow => ({...row, ...shown(sum)}));
  return {
    currency: 'USD',
    days,
    by,
    rows: rows.sort(by === 'day' ? (a, b) => (a.key < b.key ? -1 : 1) : byCost),
    total: shown(all.reduce((sum, row) => add(sum, row, priceOf), NOTHING)),
    complete: parts.complete,
    prices: {machines: MACHINE_SOURCE, github_hosted: HOSTED_SOURCE},
  };
}

function usageOf(document: Awaited<ReturnType<Store['get']>>): UsageDocument[] {
  return document && 'rows' in document ? [document] : [];
}

/** By pool and repository, the newest days first. */
async function readParts(
  store: Store,
  days: readonly string[],
): Promise<{documents: UsageDocument[]; complete: boolean}> {
  const documents: UsageDocument[] = [];
  for (const day of [...days].reverse()) {
    // Ids begin with the day: this one is before all of them, and behind the totals.
    for (let after = `${day}.`; ; ) {
      if (documents.length >= MAX_DOCUMENTS) return {documents, complete: false};
      const found = await store.find('usage', {where: {day}, after, limit: PAGE_SIZE});
      documents.push(...found.flatMap(({data}) => usageOf(data)));
      const last = found.at(-1);
      if (!last || found.length < PAGE_SIZE) break;
      after = last.id;
    }
  }
  return {documents, complete: true};
}

function namesOf(
  by: CostsBy,
  {day, repository}: UsageDocument,
  {pool, workflow}: UsageRow,
): Omit<CostRow, keyof CostSum> {
  if (by === 'day') return {key: day};
  if (by === 'pool') return {key: pool, pool};
  const name = repository ?? OTHER;
  // What is no repository: machines without a job, VMs that serve several.
  if (name === IDLE || name === PERSISTENT_VM) return {key: name};
  if (by === 'repository') return {key: name, repository: name};
  return {key: `${name}: ${workflow ?? OTHER}`, repository: name, workflow: workflow ?? OTHER};
}

interface Sum {
  readonly jobs: number;
  readonly ms: number;
  readonly usd: number | null;
  readonly hosted: number | null;
  readonly priced: boolean;
}

const NOTHING: Sum = {jobs: 0, ms: 0, usd: null, hosted: null, priced: true};

interface Price {
  /** USD a millisecond. */
  readonly own: number | undefined;
  readonly hosted: number | undefined;
}

/** Prices by the configuration, else by the table. */
function pricesOf(prices: Question['prices'], pools: readonly Pool[]): (row: UsageRow) => Price {
  const windows = new Set(pools.filter(isWindows).map(({name}) => name));
  return ({pool, machineType, spot}) => {
    if (machineType === null) return {own: undefined, hosted: undefined};
    const own = prices[spot ? `${machineType}/spot` : machineType] ?? listPrice(machineType, spot);
    const hosted = hostedPrice(machineType, windows.has(pool) ? 'windows' : 'linux');
    return {
      own: own === undefined ? undefined : own / HOUR_MS,
      hosted: hosted === undefined ? undefined : hosted / MINUTE_MS,
    };
  };
}

function isWindows({requires, offers}: Pool): boolean {
  return [...requires, ...(offers ?? [])].includes('windows');
}

function add(sum: Sum, row: UsageRow, priceOf: (row: UsageRow) => Price): Sum {
  const {own, hosted} = priceOf(row);
  // Without a job there is nothing that GitHub would bill.
  const isIdle = row.jobs === 0;
  return {
    jobs: sum.jobs + row.jobs,
    ms: sum.ms + row.ms,
    usd: own === undefined ? sum.usd : (sum.usd ?? 0) + own * row.ms,
    hosted: hosted === undefined || isIdle ? sum.hosted : (sum.hosted ?? 0) + hosted * row.ms,
    priced: sum.priced && own !== undefined,
  };
}

function shown({jobs, ms, usd, hosted, priced}: Sum): CostSum {
  const round = (value: number, digits: number) => Number(value.toFixed(digits));
  return {
    jobs,
    minutes: round(ms / MINUTE_MS, 2),
    usd: usd === null ? null : round(usd, 6),
    github_hosted_usd: hosted === null ? null : round(hosted, 6),
    priced,
  };
}

/** The dearest first; what has no price, by its minutes. */
function byCost(a: CostRow, b: CostRow): number {
  return (b.usd ?? -1) - (a.usd ?? -1) || b.minutes - a.minutes || (a.key < b.key ? -1 : 1);
}
