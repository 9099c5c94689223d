const COLOUR: Record<string, string> = {DEBUG: '\x1b[90m', INFO: '\x1b[36m', WARNING: '\x1b[33m', ERROR: '\x1b[31m'};
const RESET = '\x1b[0m';
const HIDDEN = new Set(['severity', 'time', 'message']);

/** Turns JSON lines into lines for a person at a terminal: time, severity, message, then the fields. */
export function prettyStream(out: {write(line: string): void}): {write(line: string): void} {
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
