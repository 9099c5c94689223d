import {Refused} from '../errors';
import type {Context} from './context';
import type {OperationOptions, RemoveResult} from './operations';

/** Removes a runner; undefined when there is none of the name. */
export async function removeRunner(
  _context: Context,
  _name: string,
  _options: OperationOptions & {readonly force: boolean},
): Promise<RemoveResult | undefined> {
  throw new Refused('this version cannot do that');
}
