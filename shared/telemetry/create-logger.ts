import pino from 'pino';
import {SlipwayError, sentenceOf} from '../errors';
import type {LogFields, Logger} from '../logger';
import {scrubSecrets} from '../secret';

const PINO_LEVEL = {debug: 'debug', info: 'info', warning: 'warn', error: 'error'} as const;

const SEVERITY: Record<string, string> = {debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR'};

const COLOUR: Record<string, string> = {DEBUG: '\x1b[90m', INFO: '\x1b[36m', WARNING: '\x1b[33m', ERROR: '\x1b[31m'};

const RESET = '\x1b[0m';

const HIDDEN = new Set(['severity', 'time', 'message']);

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Destination of the lines; default standard output. */
  readonly destination?: {write(line: string): void};
  /** Readable lines instead of JSON; default when standard output is a terminal. */
  readonly pretty?: boolean;
}

/**
 * Creates a logger that writes one JSON object per line, in the format of Cloud Logging.
 * @see https://cloud.google.com/logging/docs/structured-logging
 */
export function createLogger(options: LoggerOptions): Logger {
  const plain = options.destination ?? {write: (line: string) => void process.stdout.write(line)};
  const pretty = options.pretty ?? (options.destination === undefined && process.stdout.isTTY === true);
  const root = pino(
    {
      level: PINO_LEVEL[options.level],
      messageKey: 'message',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {level: (label) => ({severity: SEVERITY[label] ?? 'DEFAULT'})},
      serializers: {error: describeError},
      hooks: {streamWrite: scrubSecrets},
    },
    pretty ? prettyStream(plain) : plain,
  );
  return wrap(root);
}

/** `bound`: fields of every line. They are merged with those of the call, because a child of pino's would write a key of both twice. */
function wrap(line: pino.Logger, bound: LogFields = {}): Logger {
  return {
    debug: (message, fields = {}) => line.debug({...bound, ...fields}, withReason(message, fields)),
    info: (message, fields = {}) => line.info({...bound, ...fields}, withReason(message, fields)),
    warning: (message, fields = {}) => line.warn({...bound, ...fields}, withReason(message, fields)),
    error: (message, fields = {}) => line.error({...bound, ...fields}, withReason(message, fields)),
    with: (fields: LogFields) => wrap(line, {...bound, ...fields}),
  };
}

/** The message with the reason of the failure, because log lists and alerts show the message alone. */
function withReason(message: string, {error}: LogFields): string {
  if (error === undefined) return message;
  const reason = sentenceOf(error);
  return message.includes(reason) ? message : `${message}: ${reason}`;
}

/** Fields of an error in a log line. Only unexpected errors have a stack. */
function describeError(error: unknown): unknown {
  if (error instanceof SlipwayError) {
    const cause = error.cause instanceof Error ? {cause: error.cause.message} : {};
    return {kind: error.kind, message: error.message, ...cause};
  }
  if (error instanceof Error) return {name: error.name, message: error.message, stack: error.stack};
  return error;
}

/** Turns JSON lines into readable lines: time, severity, message, fields. */
function prettyStream(out: {write(line: string): void}): {write(line: string): void} {
  return {write: (line) => out.write(prettyLine(line))};
}

export function prettyLine(line: string): string {
  const fields = JSON.parse(line) as Record<string, unknown>;
  const severity = String(fields['severity']);
  const time = String(fields['time']).slice(11, 23);
  const rest = Object.entries(fields)
    .filter(([key]) => !HIDDEN.has(key) && !key.startsWith('logging.googleapis.com/'))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return `${time} ${COLOUR[severity] ?? ''}${severity.padEnd(7)}${RESET} ${fields['message']}  \x1b[90m${rest}${RESET}\n`;
}
