import type {Decision} from './decisions';

/** Fields that a log line may carry; the named ones are what dashboards and metrics filter by. */
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
  /** A logger whose every line carries `fields`. */
  with(fields: LogFields): Logger;
}
