import {scrubSecrets, withoutControls} from '../secret';

/** What a machine wrote to its serial console. */
export interface ConsoleOutput {
  readonly contents: string;
  /** The beginning is missing. */
  readonly isCut: boolean;
}

/** A console has up to 1 MB. A boot prints less than this, and what a job printed is not searched through. */
const MOST_READ = 128 * 1024;

/** How the startup script marks what the runner printed, which is a job's text (terraform/runner/src/console.sh, `relay`). */
const RELAYED = /(?:^|\bstartup-script: )runner:/;

/**
 * A line of the startup script: its own, written to the serial port, or one that the guest agent relays, of any script. A time stands before
 * `slipway:`, and nothing before the time.
 */
const OF_SCRIPT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ slipway: |\bstartup-script(?:: | exit status)/;

/**
 * The last line that the startup script printed, else the last line of all; undefined: nothing was printed. Lines that the runner printed do
 * not count. Without secrets and control characters, at any length.
 */
export function lastLineOf({contents, isCut}: ConsoleOutput): string | undefined {
  const isPart = isCut || contents.length > MOST_READ;
  // Before the lines are split: a private key has several. Without control characters first, which would hide a secret.
  const lines = scrubSecrets(withoutControls(contents.slice(-MOST_READ))).split('\n');
  const lastFirst = lines
    // The rest of a cut line does not show whose line it was.
    .slice(isPart ? 1 : 0)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !RELAYED.test(line))
    .reverse();
  return lastFirst.find((line) => OF_SCRIPT.test(line)) ?? lastFirst[0];
}
