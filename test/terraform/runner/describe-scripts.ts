import {missingForScripts} from './commands';

const missing = missingForScripts();

/** `describe` where the scripts of a runner's VM can be run; elsewhere skipped, aloud, and in CI a failure. */
export const describeScripts = describeWhen(missing, 'the tests of the runner’s VM');

/** `describe`, or its skipping form with a warning where there is a reason against. Not so in CI, where they must run. */
export function describeWhen(reason: string | undefined, what: string): jest.Describe {
  // biome-ignore lint/style/noProcessEnv: CI tells of itself by the environment alone
  const isCi = ['true', '1'].includes(process.env['CI'] ?? '');
  if (reason !== undefined && isCi) throw new Error(`In CI ${what} must run: ${reason}.`);
  return describeIfPossible(reason, what);
}

/** The same, and in CI too: for what wants root. */
export function describeIfPossible(reason: string | undefined, what: string): jest.Describe {
  if (reason === undefined) return describe;
  process.stderr.write(`\nWARNING: ${what} are skipped: ${reason}.\n\n`);
  return describe.skip;
}
