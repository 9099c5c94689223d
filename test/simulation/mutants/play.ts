import {playSeed} from '../cli/seed-result';
import {FOUND} from '../found';
import type {Violation} from '../safety';
import {simulate} from '../simulate';

/** Who noticed the mutation: a seed, or one of the cases that are kept because a seed comes upon them seldom. */
export interface Caught {
  readonly by: string;
  readonly violation: Violation;
}

/** Plays seeds, then the kept cases, until one fails; run as a process of its own, whose core has a mutation. Prints who, or null. */
async function play(seeds: number, days: number): Promise<Caught | null> {
  for (let seed = 1; seed <= seeds; seed++) {
    const [violation] = (await playSeed(seed, days)).violations;
    if (violation) return {by: `seed ${seed}`, violation};
  }
  for (const [name, scenario] of Object.entries(FOUND)) {
    const [violation] = (await simulate(scenario)).violations;
    if (violation) return {by: `the case "${name}"`, violation};
  }
  return null;
}

async function main(): Promise<void> {
  const caught = await play(Number(process.argv[2]), Number(process.argv[3]));
  process.stdout.write(`${JSON.stringify(caught)}\n`, () => process.exit(0));
}

void main();
