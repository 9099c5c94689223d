import type {Dispatch, DispatchResult} from '../../../shared/tasks/local/dispatch';
import type {Faults} from './faults';

/**
 * What goes wrong between a queue and its handler.
 *
 * - `twice`: once the handler has answered, it gets the task again;
 * - `concurrently`: it gets the task twice at the same time;
 * - `answer lost`: the handler runs, and its answer never arrives: the attempt failed;
 * - `not delivered`: the handler does not hear of it: the attempt failed.
 */
export type DispatchFault = 'twice' | 'concurrently' | 'answer lost' | 'not delivered';

/** Which dispatch: the ids of its queue and its task. */
export type DispatchSubject = Pick<Dispatch<unknown>, 'queue' | 'name'>;

/** A dispatcher on which `faults` strike; the same for the HTTP server and for a queue in the process. */
export function withDispatchFaults<Request extends DispatchSubject>(
  dispatch: (request: Request) => Promise<DispatchResult>,
  faults: Faults<DispatchSubject, DispatchFault>,
): (request: Request) => Promise<DispatchResult> {
  return async (request) => {
    switch (faults.take(request)) {
      case 'twice':
        await dispatch(request);
        return dispatch(request);
      case 'concurrently':
        return (await Promise.all([dispatch(request), dispatch(request)]))[0];
      case 'answer lost':
        await dispatch(request);
        throw new Error('the answer was lost');
      case 'not delivered':
        throw new Error('the handler was not reached');
      case undefined:
        return dispatch(request);
    }
  };
}
