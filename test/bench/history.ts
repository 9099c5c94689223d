import {createMemoryStore} from '../../shared/store/memory';
import {type Billed, countedStore} from '../builders/counted-store';
import {aSystem} from '../builders/system';
import {copyFinished} from './finished-jobs';
import {type Bench, median, type Row} from './result';

const HISTORIES = [0, 100, 1_000, 10_000];

/** Measured beside each history; the first few warm up. */
const JOBS = 30;
const WARM_UP = 10;
const FIGURES = ['GitHub', 'Compute Engine', 'Cloud Tasks', 'Firestore reads', 'Firestore writes'] as const;
type Figure = (typeof FIGURES)[number];

interface Cost {
  /** Of one job. */
  readonly counts: Readonly<Record<Figure, number>>;
  readonly cpuMs: number;
  readonly documents: number;
}

/** What one more job costs, with more and more finished ones on record. */
export const history: Bench = async (progress) => {
  // Compiled code gets faster for a while: the baseline is not to be measured before that.
  for (let run = 0; run < 2; run += 1) await costAfter(0, () => undefined);
  const costs: Cost[] = [];
  for (const finished of HISTORIES) {
    progress(`history: ${JOBS} jobs after ${finished} finished ones`);
    costs.push(await costAfter(finished, progress));
  }
  const rows = costs.flatMap((cost, index) => rowsOf(HISTORIES[index] ?? 0, cost, costs[0] as Cost));
  const last = costs.at(-1) as Cost;
  return {
    bench: 'history',
    rows,
    notes: [
      `one job after the other in the simulated system over HTTP, store in memory with up to ${last.documents} documents of finished jobs`,
      `averages of ${JOBS - WARM_UP} jobs after ${WARM_UP} to warm up; baseline: the same with no finished job`,
      'CPU time: median of a job, the whole process, so the simulated GitHub and Compute Engine with it',
    ],
  };
};

function rowsOf(finished: number, {counts, cpuMs}: Cost, none: Cost): Row[] {
  if (finished === 0) {
    return [
      ...FIGURES.map((figure) => ({measure: `0 finished: ${figure}`, value: counts[figure], unit: 'a job'})),
      {measure: '0 finished: CPU time', value: cpuMs, unit: 'ms'},
    ];
  }
  const against = (measure: string, value: number, baseline: number, unit: string, atMost: number): Row => ({
    measure: `${finished.toLocaleString('en')} finished: ${measure}`,
    value,
    unit,
    baseline,
    ratio: value / baseline,
    target: {atMost},
  });
  return [
    ...FIGURES.map((figure) => against(figure, counts[figure], none.counts[figure], 'a job', 1)),
    // Two measurements of the same differ by some percent.
    against('CPU time', cpuMs, none.cpuMs, 'ms', 1.15),
  ];
}

async function costAfter(finished: number, progress: (line: string) => void): Promise<Cost> {
  let billed: Billed | undefined;
  const system = await aSystem({
    makeStore: (clock) => {
      const counted = countedStore(createMemoryStore({clock}));
      billed = counted.billed;
      return counted.store;
    },
  });
  const ledger = billed;
  if (!ledger) throw new Error('the system made no store');
  const soFar = (): Readonly<Record<Figure, number>> => ({
    GitHub: system.github.requests.length,
    'Compute Engine': system.computeServer.requests.length,
    'Cloud Tasks': system.tasks.requests.length,
    'Firestore reads': ledger.reads,
    'Firestore writes': ledger.writes,
  });
  const runJob = async () => {
    system.queueJob();
    await system.finish();
  };
  try {
    await runJob();
    const documents = await copyFinished(system.store, [...new Set(ledger.written)], finished, progress);
    const cpu: number[] = [];
    let before = soFar();
    for (let job = 0; job < JOBS; job += 1) {
      if (job === WARM_UP) before = soFar();
      const began = process.cpuUsage();
      await runJob();
      const {user, system: kernel} = process.cpuUsage(began);
      if (job >= WARM_UP) cpu.push((user + kernel) / 1000);
    }
    const after = soFar();
    const perJob = (figure: Figure) => (after[figure] - before[figure]) / (JOBS - WARM_UP);
    return {
      counts: Object.fromEntries(FIGURES.map((figure) => [figure, perJob(figure)])) as Record<Figure, number>,
      cpuMs: median(cpu),
      documents,
    };
  } finally {
    await system.close();
  }
}
