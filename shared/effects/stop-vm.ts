import type {Pool} from '../config/config';
import {Refused} from '../errors';
import type {Context} from './context';
import type {OperationOptions, StopResult} from './operations';

/** Stops the VM of a pool, unless it runs a job. */
export async function stopVm(
  _context: Context,
  _pool: Pool,
  _options: OperationOptions & {readonly force: boolean},
): Promise<StopResult> {
  throw new Refused('this version cannot do that');
}
