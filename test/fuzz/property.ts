import fc from 'fast-check';

/** One seed for all runs, so that a failure is there again tomorrow. */
const SEED = 20_261_101;

/** Checks a property of so many random values. A failure prints the seed, the path to the value, and the value cut down. */
export async function holdsFor<T>(
  runs: number,
  values: fc.Arbitrary<T>,
  holds: (value: T) => void | Promise<void>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(values, async (value) => holds(value)),
    {numRuns: runs, seed: SEED},
  );
}
