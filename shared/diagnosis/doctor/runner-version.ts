import type {Context} from '../../ports';
import {type Found, skipped} from './check';

/** Whether the version of the runner that the machines use is still accepted by GitHub. */
export async function lookAtRunnerVersion(_context: Context): Promise<Found> {
  return skipped('the versions of the runner are not read yet');
}
