import type {Decision} from './decisions';

/** Fields of a log line. Dashboards and metrics filter by the named fields. */
export interface LogFields {
  readonly decision?: Decision;
  readonly reason?: string;
  readonly delivery?: string;
  /** `<job id>-<run attempt>` in every line, so that one filter finds all lines of a job. */
  readonly job?: string;
  readonly pool?: string;
  readonly runner?: string;
  /** The page of the job at GitHub. */
  readonly url?: string;
  /** Of `runner_version_ends`: days until GitHub gives runners of this version no job any more. */
  readonly days_left?: number;
  readonly error?: unknown;
  readonly [field: string]: unknown;
}

/** One JSON line per decision. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}
