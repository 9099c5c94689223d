import {machineProvider, type RunnerDocument} from '../model/runner';
import type {Context} from '../ports';
import {machineOf} from '../runners/retire';
import {scrubMessage, scrubSecrets, withoutControls} from '../secret';
import type {LookUps} from './look-ups';
import {type Explanation, quoted} from './verdict';

/** Characters of a console's line in a sentence. */
const MOST_CHARACTERS = 200;

/**
 * The verdict, of a boot that takes too long with the last line of the machine's console, which often says why. A provider that does not
 * answer, or has no console, changes nothing. `runner`: as it is on record, so the machine is ours.
 */
export async function withConsole(
  context: Context,
  lookUps: LookUps,
  runner: RunnerDocument | undefined,
  found: Explanation,
): Promise<Explanation> {
  if (!found.takesTooLong || !runner) return found;
  const line = await lookUps.console(runner.name, async () =>
    context.provider(runner.pool, machineProvider(runner)).console?.(machineOf(runner)),
  );
  const shown = consoleLine(line ?? '');
  return shown === '' ? found : {...found, because: `${quoted(found.because)}; the last line of its console: ${shown}`};
}

/** The text of a console as part of a sentence: one line of at most 200 characters, without control characters and secrets. */
export function consoleLine(text: string): string {
  const line = quoted(scrubMessage(scrubSecrets(withoutControls(text))));
  if (line.length <= MOST_CHARACTERS) return line;
  // Not half a character at the cut.
  return `${line.slice(0, MOST_CHARACTERS - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
