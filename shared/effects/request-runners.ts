import {Refused} from '../errors';
import type {Context} from './context';
import type {OperationOptions, RequestedRunners, RunnersRequest} from './operations';

/** Runners without a job: documents first, then tasks that make them. The same key gives the same runners. */
export async function requestRunners(
  _context: Context,
  {pool}: RunnersRequest,
  _options: OperationOptions,
): Promise<RequestedRunners> {
  throw new Refused(`pool ${pool}: found a request for runners without a job, which this version cannot make`);
}
