import {playSeed, type SeedResult} from '../cli/seed-result';

/** Plays seeds until one fails; run as a process of its own, whose core has a mutation. Prints the result that failed, or null. */
async function main(seeds: number, days: number): Promise<void> {
  let caught: SeedResult | null = null;
  for (let seed = 1; seed <= seeds && caught === null; seed++) {
    const result = await playSeed(seed, days);
    if (result.violations.length > 0) caught = result;
  }
  process.stdout.write(`${JSON.stringify(caught)}\n`, () => process.exit(0));
}

void main(Number(process.argv[2]), Number(process.argv[3]));
