import {drawScenario} from './draw-scenario';
import {reportOf} from './report';
import type {SimulatedProvider} from './scenario';
import {simulate} from './simulate';
import {withProvider} from './with-provider';

const BATCH = 5;
/** Short worlds: `npm run simulate` plays longer ones, and more of them. */
const DAYS = 0.1;

/** The worlds of the seeds `first` to `last`, five a test. Several files of them, because a file is one process. */
export function describeWorlds(first: number, last: number, provider: SimulatedProvider = 'gce'): void {
  const batches = Array.from({length: (last - first + 1) / BATCH}, (_, index) => ({
    from: first + index * BATCH,
    to: first + (index + 1) * BATCH - 1,
  }));

  test.each(batches)(
    'in the worlds of the seeds $from to $to every promise holds',
    async ({from, to}) => {
      for (let seed = from; seed <= to; seed++) {
        const scenario = withProvider(drawScenario(seed, {days: DAYS}), provider);
        const {violations} = await simulate(scenario);
        if (violations.length === 0) continue;
        const again = `npm run simulate -- --seeds 1 --days ${DAYS} --provider ${provider} --seed ${seed}`;
        const report = reportOf(scenario, await simulate(scenario, {isTraced: true}));
        throw new Error(`seed ${seed} failed. To cut it down: ${again}\n${report}`);
      }
    },
    60_000,
  );
}
