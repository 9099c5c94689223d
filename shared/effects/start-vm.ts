import type {Pool} from '../config/config';
import {Refused} from '../errors';
import type {Context} from './context';
import type {OperationOptions, StartResult} from './operations';

/** Starts the VM of a pool, when it is not running. */
export async function startVm(_context: Context, _pool: Pool, _options: OperationOptions): Promise<StartResult> {
  throw new Refused('this version cannot do that');
}
