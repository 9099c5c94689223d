import {drawScenario} from '../draw-scenario';
import type {Functions} from '../functions';
import type {Violation} from '../safety';
import type {SimulatedProvider} from '../scenario';
import {simulate} from '../simulate';
import {withProvider} from '../with-provider';

/** What a worker tells of one seed. */
export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly steps: number;
  readonly jobs: number;
  readonly creations: number;
  readonly isLivenessChecked: boolean;
  /** How often each kind of fault struck. */
  readonly faults: Readonly<Record<string, number>>;
}

/** How a seed is played. */
export interface PlaySeed {
  readonly days: number;
  /** `gce` unless given. */
  readonly provider?: SimulatedProvider;
  readonly functions?: Functions;
}

export async function playSeed(seed: number, {days, provider = 'gce', functions}: PlaySeed): Promise<SeedResult> {
  const outcome = await simulate(withProvider(drawScenario(seed, {days}), provider), functions ? {functions} : {});
  const {violations, steps, jobs, creations, isLivenessChecked} = outcome;
  const faults: Record<string, number> = {};
  for (const fault of outcome.struckFaults) {
    const effect = 'effect' in fault ? ` ${typeof fault.effect === 'string' ? fault.effect : 'late'}` : '';
    const by = 'by' in fault ? ` ${fault.by}` : '';
    const kind = `${fault.on}${'port' in fault ? ` ${fault.port}` : ''}${effect}${by}`;
    faults[kind] = (faults[kind] ?? 0) + 1;
  }
  return {seed, violations, steps, jobs, creations, isLivenessChecked, faults};
}
