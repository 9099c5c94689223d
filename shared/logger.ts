import type {Decision} from './decisions';

/** Fields of a log line. Dashboards and metrics filter by the named fields. */
export interface LogFields {
  readonly decision?: Decision;
  readonly reason?: string;
  readonly delivery?: string;
  readonly job?: string | number;
  readonly pool?: string;
  readonly runner?: string;
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
