import type {Config} from './config-types';
import type {Variables} from './variables';

/** Log levels by the names that other systems use. */
const LEVELS: Readonly<Record<string, Config['logLevel']>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
  critical: 'error',
  fatal: 'error',
};

/** The level of `LOG_LEVEL`, and `debug` with `LOG_VERBOSE`. */
export function readLogLevel(variables: Variables): Config['logLevel'] {
  const level = variables.read('LOG_LEVEL', 'debug, info, warning, error or critical', (text) => {
    const word = text.toLowerCase();
    return Object.hasOwn(LEVELS, word) ? LEVELS[word] : undefined;
  });
  return variables.flag('LOG_VERBOSE') ? 'debug' : (level ?? 'info');
}
