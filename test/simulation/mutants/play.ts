import {simulatedProvider} from '../cli/arguments';
import {playSeed} from '../cli/seed-result';
import {drawScenario} from '../draw-scenario';
import {FUNCTIONS, type Functions} from '../functions';
import {REGRESSIONS} from '../regressions';
import type {Violation} from '../safety';
import {needsSweep, type SimulatedProvider} from '../scenario';
import {simulate} from '../simulate';
import {withProvider} from '../with-provider';

/** Who noticed the mutation: a seed, or one of the cases that are kept because a seed comes upon them seldom. */
export interface Caught {
  readonly by: string;
  readonly violation: Violation;
}

const {sweep: _, ...WITHOUT_SWEEP}: Functions = FUNCTIONS;

/** A core that cannot even be started in a world is noticed, too. */
async function violationOf(
  simulation: Promise<{readonly violations: readonly Violation[]}>,
): Promise<Violation | undefined> {
  try {
    return (await simulation).violations[0];
  } catch (error) {
    return {rule: 'unhandled', detail: `${error}`, atMs: 0};
  }
}

/** Plays seeds, then the kept cases if they are wanted, until one fails; run as a process of its own, whose core has a mutation. Prints who, or null. */
async function play(seeds: number, days: number, provider: SimulatedProvider, kept: boolean): Promise<Caught | null> {
  for (let seed = 1; seed <= seeds; seed++) {
    const violation = await violationOf(playSeed(seed, {days, provider}));
    if (violation) return {by: `seed ${seed}`, violation};
    // The sweep makes up for much, a minute later: what needs none has to hold without.
    const scenario = withProvider(drawScenario(seed, {days}), provider);
    if (needsSweep(scenario)) continue;
    const alone = await violationOf(simulate(scenario, {functions: WITHOUT_SWEEP}));
    if (alone) return {by: `seed ${seed} without a sweep`, violation: alone};
  }
  for (const [name, scenario] of kept ? Object.entries(REGRESSIONS) : []) {
    const violation = await violationOf(simulate(scenario));
    if (violation) return {by: `the case "${name}"`, violation};
    if (needsSweep(scenario)) continue;
    const alone = await violationOf(simulate(scenario, {functions: WITHOUT_SWEEP}));
    if (alone) return {by: `the case "${name}" without a sweep`, violation: alone};
  }
  return null;
}

async function main(): Promise<void> {
  const [seeds, days, provider, kept] = process.argv.slice(2);
  const caught = await play(Number(seeds), Number(days), simulatedProvider(provider ?? 'gce'), kept === 'kept');
  process.stdout.write(`${JSON.stringify(caught)}\n`, () => process.exit(0));
}

void main();
