import {styleText} from 'node:util';
import type {Environment} from '../../shared/config/variables';
import {cutLine} from './cut';

/** A stream that is written to, as far as the command line needs it. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Where results and messages go. */
export interface Terminal {
  /** Results: stdout. `text` has no newline at its end. */
  print(text: string): void;
  /** Everything else: stderr. */
  say(text: string): void;
  /** In place of what stands there: a live view, of which each line is one of the screen. On anything but a terminal the views follow each other. */
  redraw(text: string): void;
  /** Columns of a terminal; undefined: nothing is cut. */
  readonly width: number | undefined;
  paint(style: Style, text: string): string;
}

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

/** Columns of a terminal that does not tell them. */
const USUAL_COLUMNS = 80;

const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/**
 * Colours and cut columns on a terminal alone. `SLIPWAY_FORCE_TTY`: as on a terminal, of so many columns when it is a number.
 *
 * @param noColor `--no-color`
 * @see https://no-color.org
 */
export function createTerminal(stdout: Output, stderr: Output, env: Environment, noColor: boolean): Terminal {
  const forced = env['SLIPWAY_FORCE_TTY'] ?? '';
  const isTerminal = stdout.isTTY === true || forced !== '';
  const colours = isTerminal && !noColor && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const forcedColumns = /^[1-9]\d{0,4}$/.test(forced) ? Number(forced) : undefined;
  const width = isTerminal ? (forcedColumns ?? stdout.columns ?? USUAL_COLUMNS) : undefined;
  let isDrawn = false;
  return {
    width,
    print: (text) => void stdout.write(`${text}\n`),
    say: (text) => void stderr.write(`${text}\n`),
    redraw(text) {
      if (!isTerminal) {
        stdout.write(`${isDrawn ? '\n' : ''}${text}\n`);
      } else {
        const lines = fitting(text.split('\n'), stdout.rows).map((line) =>
          width === undefined ? line : cutLine(line, width),
        );
        const clear = isDrawn ? '' : `${HOME}${CLEAR_BELOW}`;
        stdout.write(`${clear}${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
      }
      isDrawn = true;
    },
    paint: (style, text) => (colours && text !== '' ? styleText(style, text, {validateStream: false}) : text),
  };
}

/** What is longer than the screen would scroll away its beginning. */
function fitting(lines: readonly string[], rows: number | undefined): readonly string[] {
  if (rows === undefined || lines.length < rows) return lines;
  const shown = Math.max(1, rows - 2);
  return [...lines.slice(0, shown), `… ${lines.length - shown} more lines`];
}

/**
 * The value as JSON, without what a terminal would act on: JSON leaves DEL, the control characters above 0x7f (0x9b begins a sequence as ESC [
 * does) and marks of direction as they are. A reader of the JSON gets the same value.
 */
export function toJson(value: unknown, space?: number): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, null, space).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    escaped,
  );
}

/** Text from outside on one line, without what a terminal would act on: control characters and marks of direction. */
export function plain(text: string): string {
  return text
    .replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .trim();
}
