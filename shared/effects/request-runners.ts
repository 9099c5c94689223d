import {Refused} from '../errors';
import type {Context} from './context';
import type {OperationOptions, RequestedRunners, RunnersRequest} from './operations';

/** Makes runners that no job has asked for. */
export async function requestRunners(
  _context: Context,
  _request: RunnersRequest,
  _options: OperationOptions,
): Promise<RequestedRunners> {
  throw new Refused('this version cannot do that');
}
