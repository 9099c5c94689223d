import {LIVE_STATES} from '../../shared/model/runner';
import {createMemoryStore} from '../../shared/store/memory';
import type {Store} from '../../shared/store/store';
import {type Billed, countedStore} from '../builders/counted-store';
import {aJob, aRunner} from '../builders/lifecycle';
import {aSystem, type TestSystem} from '../builders/system';
import {MANAGER_SECRET} from '../emulators/system';
import {PRICES} from './prices';
import type {Bench, Row} from './result';

const POLL_MS = 3_000;
const POLLS_AN_HOUR = 3_600_000 / POLL_MS;

const FLEETS = [
  {jobs: 10, runners: 20, pages: 1},
  {jobs: 10, runners: 20, pages: 5},
  {jobs: 1_000, runners: 1_000, pages: 1},
  {jobs: 1_000, runners: 1_000, pages: 5},
];

/** The naive way lists up to so many documents of a kind. */
const ALL = 10_000;

/** Firestore reads for each hour that pages are open, which ask `/status` every three seconds. */
export const openPage: Bench = async (progress) => {
  const rows: Row[] = [];
  for (const fleet of FLEETS) {
    progress(`open page: ${fleet.pages} × ${POLLS_AN_HOUR} polls, ${fleet.jobs} jobs wait, ${fleet.runners} runners`);
    rows.push(await anHour(fleet));
  }
  return {
    bench: 'open page',
    rows,
    notes: [
      'baseline: each poll of each page reads every runner that is alive, every job that waits, and the rest of the answer; one poll, measured in the same run, times the polls',
      `the worst hour above costs ${(Math.max(...rows.map(({value}) => value)) * PRICES.firestoreRead).toFixed(2)} USD at list price; a page that nobody looks at asks nothing`,
    ],
  };
};

async function anHour({jobs, runners, pages}: (typeof FLEETS)[number]): Promise<Row> {
  let billed: Billed | undefined;
  const system = await aSystem({
    makeStore: (clock) => {
      const counted = countedStore(createMemoryStore({clock}));
      billed = counted.billed;
      return counted.store;
    },
  });
  try {
    await putOnRecord(system, jobs, runners);
    const reads = () => billed?.reads ?? 0;
    const beforeNaive = reads();
    await readEverything(system.store);
    const naive = (reads() - beforeNaive) * POLLS_AN_HOUR * pages;
    const before = reads();
    for (let poll = 0; poll < POLLS_AN_HOUR; poll++) {
      await Promise.all(Array.from({length: pages}, () => ask(system.urls.api)));
      await system.pass(POLL_MS);
    }
    const value = reads() - before;
    const measure = `${pages} page${pages === 1 ? '' : 's'} for an hour, ${jobs} jobs wait, ${runners} runners`;
    // A shared answer costs no more with more pages, and no more than 200 jobs and 200 runners.
    return {
      measure,
      value,
      unit: 'reads',
      baseline: naive,
      ratio: value / naive,
      target: {atMost: Math.ceil(110 / pages) / 100},
    };
  } finally {
    await system.close();
  }
}

async function ask(api: string): Promise<void> {
  const response = await fetch(`${api}status`, {headers: {'x-runner-secret': MANAGER_SECRET}});
  if (response.status !== 200) throw new Error(`GET /status answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

async function putOnRecord({store, scheduler}: TestSystem, jobs: number, runners: number): Promise<void> {
  const now = scheduler.now();
  const expireAt = now + 24 * 3_600_000;
  await store.transaction(async (transaction) => {
    for (let n = 0; n < jobs; n++) {
      const job = aJob({jobId: 100_000 + n, queuedAt: now + n, demand: 'open', expireAt});
      transaction.set('jobs', `${job.jobId}-1`, job);
    }
    for (let n = 0; n < runners; n++) {
      const job = aJob({jobId: 200_000 + n, status: 'in_progress', demand: 'none'});
      const runner = aRunner(job, {state: 'busy', stateAt: now, expireAt});
      transaction.set('runners', runner.name, runner);
    }
  });
}

/** What an answer takes without a bound and without a shared copy. */
async function readEverything(store: Store): Promise<void> {
  await Promise.all([
    ...LIVE_STATES.map((state) => store.find('runners', {where: {state}, limit: ALL})),
    store.find('jobs', {where: {status: 'queued'}, limit: ALL}),
    store.find('breakers', {where: {open: true}, limit: ALL}),
    store.count('deadletters', {}),
    store.get('locks', 'sweep'),
    store.get('locks', 'deliveries'),
    store.count('slots', {pool: 'arm'}),
    store.count('slots', {pool: 'arm', holder: null}),
  ]);
}
