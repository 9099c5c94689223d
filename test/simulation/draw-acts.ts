import {CLEANUP_TARGETS} from '../../shared/cleanup/thing';
import type {SeededRandom} from '../emulators/seeded-random';
import type {Act, JobPlan} from './scenario';

const MINUTE = 60_000;

const DEEDS: readonly Act['does'][] = [
  'test',
  'request',
  'cleanup',
  'cleanup',
  'cleanup',
  'remove',
  'remove',
  'retry',
  'start',
  'stop',
];

/** In some worlds people act, near jobs, since nothing is there to be acted on elsewhere; now and then two at once. */
export function drawActs(random: SeededRandom, jobs: readonly JobPlan[]): Act[] {
  if (random.next() > 0.3) return [];
  const acts = Array.from({length: 2 + random.below(16)}, (): Act => {
    const near = jobs[random.below(jobs.length)]?.atMs ?? 0;
    const does = DEEDS[random.below(DEEDS.length)] ?? 'cleanup';
    const what = CLEANUP_TARGETS[random.below(CLEANUP_TARGETS.length)] ?? 'machines';
    return {
      atMs: near + random.below(random.next() < 0.5 ? 3 * MINUTE : 25 * MINUTE),
      does,
      ...(does === 'cleanup' ? {what} : {}),
      dry: random.next() < 0.3,
      pick: random.below(1_000),
    };
  });
  return acts.flatMap((act) => (random.next() < 0.15 ? [act, act] : [act]));
}
