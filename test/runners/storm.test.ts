import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {SeededRandom} from '../emulators/seeded-random';

const JOBS = 20;
const LABELS = [
  ['self-hosted', 'linux'],
  ['self-hosted', 'linux', 'large'],
  ['self-hosted', 'gpu'],
];

let system: TestSystem;
afterEach(() => system.close());

/** Everything at once: what is sent is doubled, late, out of order and unanswered; jobs are shuffled and cancelled; zones run dry. */
test.each(Array.from({length: 8}, (_, seed) => seed))(
  'in storm %i every job ends, nobody is killed, and nothing is left over',
  async (seed) => {
    const random = new SeededRandom(seed * 7919 + 1);
    system = await aSystem({
      seed,
      routing: 'random',
      hooks: 1 + random.below(2),
      pools: POOLS.replace('maxRunners: 5', `maxRunners: ${3 + random.below(6)}`),
      githubLatencies: {busy: [0, MINUTE], pickup: [500, 20_000], delivery: [100, 5_000]},
    });
    breakThings(random);
    for (let i = 0; i < JOBS; i++) {
      const job = system.queueJob({
        labels: LABELS[random.below(LABELS.length)] ?? [],
        durationMs: MINUTE / 2 + random.below(5 * MINUTE),
        repository: random.next() < 0.3 ? 'acme/web' : 'acme/app',
      });
      await system.pass(random.below(40_000));
      if (random.next() < 0.3 && job.status === 'queued') system.github.cancelJob(job.id);
    }
    await system.finish(6 * 60 * MINUTE);
    // Retries that are still to come find nothing to do.
    await system.pass(60 * MINUTE);
    expectClean(system);
    const slots = await system.store.find('slots', {where: {}, limit: 200});
    expect(slots.filter(({data}) => data.holder !== null)).toEqual([]);
  },
  60_000,
);

function breakThings(random: SeededRandom): void {
  system.github.deliveries.faults = ({action}) => ({
    ...(action === 'in_progress' && random.next() < 0.2 ? {drop: true} : {}),
    ...(random.next() < 0.2 ? {duplicates: 1} : {}),
    ...(random.next() < 0.2 ? {delayMs: random.below(90_000)} : {}),
  });
  for (const respond of ['twice', 'concurrently', 'answer lost', 'not delivered'] as const) {
    system.tasks.dispatchFault({times: 1_000, match: () => random.next() < 0.04, respond});
  }
  for (const respond of ['lost', 'reset'] as const) {
    system.computeServer.fault({times: 1_000, match: () => random.next() < 0.04, respond});
  }
  const error = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};
  system.compute.failLate({times: 10, error});
}
