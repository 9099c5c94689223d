import {callCompute, TimedOut} from './call';
import type {ComputeClients} from './clients';
import type {Compute, ComputeErrorItem, OperationResult} from './compute';
import {scrubMessage} from './scrub';

/**
 * Waits at the server, which answers after two minutes at the latest whether or not the operation is done; our time-out is shorter.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations/wait
 */
export function operationsOver(
  clients: ComputeClients,
  project: () => Promise<string>,
): Pick<Compute, 'waitForOperation'> {
  return {
    async waitForOperation({zone, name}, timeoutSeconds) {
      const call = {what: `wait for operation ${name} in ${zone}`, timeoutMs: timeoutSeconds * 1000};
      try {
        return await callCompute(call, async (options) => {
          const client = await clients.zoneOperations();
          const [operation] = await client.wait({project: await project(), zone, operation: name}, options);
          return resultOf(operation);
        });
      } catch (error) {
        if (error instanceof TimedOut) return {kind: 'running'};
        throw error;
      }
    },
  };
}

interface RawOperation {
  readonly status?: unknown;
  readonly error?: {
    readonly errors?: readonly {readonly code?: string | null; readonly message?: string | null}[] | null;
  } | null;
  readonly httpErrorStatusCode?: number | null;
  readonly httpErrorMessage?: string | null;
}

function resultOf(operation: RawOperation): OperationResult {
  const errors: ComputeErrorItem[] = (operation.error?.errors ?? []).map(({code, message}) => ({
    code: code ?? 'UNKNOWN',
    message: scrubMessage(message ?? 'no message'),
  }));
  if (errors.length > 0) return {kind: 'failed', errors};
  if (operation.httpErrorStatusCode) {
    const message = scrubMessage(operation.httpErrorMessage ?? 'no message');
    return {kind: 'failed', errors: [{code: `HTTP_${operation.httpErrorStatusCode}`, message}]};
  }
  return operation.status === 'DONE' ? {kind: 'done'} : {kind: 'running'};
}
