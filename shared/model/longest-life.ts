import {MINUTE_MS} from '../durations';
import {maxLifetimeMs} from './runner';
import type {RawSettings, SettingsProblems} from './settings';
import {longestIdleMinutes} from './warm';

/** How long a provider lets a machine live, and its sentence about it: `a VM lives no longer than 120 days, of which it may boot and wait`. */
export interface LongestLife {
  readonly ms: number;
  readonly sentence: string;
}

/**
 * Reports `jobMinutes` with which a machine of the pool would live longer than its provider lets it. `pool`: with its defaults, not validated;
 * a field of the wrong shape is the schema's to report.
 */
export function checkLongestLife(
  pool: RawSettings,
  path: string,
  problems: SettingsProblems,
  longest: LongestLife,
): void {
  const {bootMinutes, idleMinutes, jobMinutes, minIdle} = pool;
  if (typeof bootMinutes !== 'number' || typeof idleMinutes !== 'number' || typeof jobMinutes !== 'number') return;
  const isWarm = Array.isArray(minIdle) ? minIdle.length > 0 : typeof minIdle === 'number' && minIdle > 0;
  const idle = longestIdleMinutes({idleMinutes, minIdle: isWarm ? 1 : 0});
  if (maxLifetimeMs({bootMinutes, idleMinutes: idle, jobMinutes}) <= longest.ms) return;
  const others = maxLifetimeMs({bootMinutes, idleMinutes: idle, jobMinutes: 0});
  const most = Math.max(0, Math.floor((longest.ms - others) / MINUTE_MS));
  const expected = `at most ${most}: ${longest.sentence} ${Math.ceil(others / MINUTE_MS)} minutes`;
  problems.report(`${path}.jobMinutes`, String(jobMinutes), expected);
}
