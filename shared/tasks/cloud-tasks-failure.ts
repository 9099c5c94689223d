import {isForeignAnswer} from '../google-answer';
import {scrubSecrets} from '../telemetry/scrub';

/** google.rpc.Code. @see https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const ALREADY_EXISTS = 6;
const CODES: Readonly<Record<number, string>> = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};
const TRANSIENT: ReadonlySet<number> = new Set([1, 2, 4, 8, 10, 13, 14]);

/** How a try to create a task failed. */
export type CreateFailure =
  | {readonly kind: 'exists'}
  /** The same request may succeed now. */
  | {readonly kind: 'transient'; readonly detail: string}
  /** A person has to change something first. */
  | {readonly kind: 'permanent'; readonly detail: string; readonly remedy: string};

export interface TaskPlace {
  /** `projects/P/locations/L/queues/Q` */
  readonly queue: string;
  /** The variable that names the queue. */
  readonly variable: string;
  readonly serviceAccount: string;
}

/** What the client library threw, sorted. A 409 is `exists` only when the answer says so: ABORTED is one too, and creates nothing. */
export function createFailure(error: unknown, place: TaskPlace): CreateFailure {
  const code = numberOf(error, 'code');
  const status = numberOf(error, 'httpStatusCode');
  if (code === ALREADY_EXISTS) return {kind: 'exists'};
  const name = code === undefined ? undefined : (CODES[code] ?? `code ${code}`);
  const detail = [status, name, firstLine(error)].filter((part) => part !== undefined).join(' ');
  if (code === undefined || TRANSIENT.has(code) || (status ?? 0) >= 500) {
    return {kind: 'transient', detail};
  }
  // The metadata server's, asked for the access token, or a proxy's: it says nothing of the queue.
  if (isForeignAnswer(error)) return {kind: 'transient', detail: `not Cloud Tasks' own answer: ${detail}`};
  return {kind: 'permanent', detail, remedy: remedyFor(code, place)};
}

function remedyFor(code: number, {queue, variable, serviceAccount}: TaskPlace): string {
  switch (CODES[code]) {
    case 'NOT_FOUND':
      return `create the queue ${queue}, or correct ${variable}`;
    case 'PERMISSION_DENIED':
      return (
        `grant this function's service account roles/cloudtasks.enqueuer on ${queue}, ` +
        `and roles/iam.serviceAccountUser on ${serviceAccount}`
      );
    case 'UNAUTHENTICATED':
      return "check this function's service account: Cloud Tasks does not accept its credentials";
    case 'FAILED_PRECONDITION':
      return `check that the Cloud Tasks API is enabled and that ${queue} is not disabled`;
    default:
      return `check ${variable}, the URL of its function and TASKS_SERVICE_ACCOUNT`;
  }
}

function numberOf(error: unknown, field: 'code' | 'httpStatusCode'): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'number' ? value : undefined;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return scrubSecrets(message.split('\n')[0] ?? '').slice(0, 300);
}
