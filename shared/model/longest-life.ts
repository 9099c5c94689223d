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
 * Reports the minutes with which a machine of the pool would live longer than its provider lets it: `jobMinutes`, unless what it may boot and wait
 * leaves no time for a job. `pool`: with its defaults, not validated; a field of the wrong shape is the schema's to report.
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
  const most = Math.floor((longest.ms - others) / MINUTE_MS);
  const why = `${longest.sentence} ${Math.ceil(others / MINUTE_MS)} minutes`;
  if (most > 0) {
    problems.report(`${path}.jobMinutes`, String(jobMinutes), `at most ${most}: ${why}`);
    return;
  }
  const [field, minutes] = idleMinutes > bootMinutes ? ['idleMinutes', idleMinutes] : ['bootMinutes', bootMinutes];
  problems.report(`${path}.${field}`, String(minutes), `less: ${why}`);
}
