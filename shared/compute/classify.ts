import type {ComputeErrorItem} from './compute';
import type {ComputeFailure, ComputeFailureClass} from './failure';

export interface Classified {
  readonly failureClass: ComputeFailureClass;
  /** Compute Engine's own code or reason; the HTTP status when it gave none. */
  readonly code: string;
}

/** A refused request. Without a `status`, no answer came. */
export interface RefusedRequest {
  readonly status?: number;
  /** `error.errors[0].reason`, e.g. `quotaExceeded`. */
  readonly reason?: string;
  readonly message: string;
}

/**
 * Codes of operations and reasons of HTTP errors, compared without regard to case and underscores: Compute Engine uses
 * `QUOTA_EXCEEDED` for the one and `quotaExceeded` for the other. The first row that fits counts.
 *
 * @see https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation
 * @see https://cloud.google.com/compute/docs/resource-error
 */
const CODES: readonly (readonly [RegExp, ComputeFailureClass])[] = [
  [/^concurrentoperationsquotaexceeded$|ratelimitexceeded$/, 'rate'],
  [/resourcepoolexhausted|stockout|insufficientcapacity|^vmmincountnotreached$/, 'zone_full'],
  // Seen when a spot VM is preempted while it is being created.
  [/^unsupportedoperation$/, 'zone_full'],
  [/quotaexceeded|^limitexceeded$/, 'quota'],
  [/alreadyexists$|^duplicate$|^operationincomplete$|^resourcenotready$|^resourceinuse/, 'conflict'],
  [/^forbidden|^permission|accessnotconfigured|^required$|^autherror$|^accountdisabled$|billing/, 'denied'],
  [/^backenderror$|^internalerror$|^serviceunavailable$|^timeout$/, 'uncertain'],
];

/** What a refused request means. */
export function classifyRequest({status, reason = '', message}: RefusedRequest): Classified {
  const code = reason || (status === undefined ? 'NO_ANSWER' : `HTTP_${status}`);
  const known = byCode(reason);
  if (known && known !== 'uncertain') return {failureClass: known, code};
  if (status === undefined || status === 408 || status >= 500) return {failureClass: 'uncertain', code};
  if (status === 429) return {failureClass: 'rate', code};
  if (status === 409) return {failureClass: 'conflict', code};
  if (status === 404) return {failureClass: namesRung(message) ? 'invalid' : 'denied', code};
  if (status === 401 || status === 403) return {failureClass: 'denied', code};
  return {failureClass: 'invalid', code};
}

/** What a failed operation means: the first of its errors that says something. */
export function classifyOperation(errors: readonly ComputeErrorItem[]): Classified & {readonly message: string} {
  const classified = errors.map(({code, message}) => ({code, message, failureClass: ofOperation(code, message)}));
  return (
    classified.find(({failureClass}) => failureClass !== 'uncertain') ??
    classified[0] ?? {code: 'UNKNOWN', message: 'the operation failed and gave no error', failureClass: 'uncertain'}
  );
}

function ofOperation(code: string, message: string): ComputeFailureClass {
  const known = byCode(code);
  if (known) return known;
  const status = /^HTTP_(\d{3})$/.exec(code)?.[1];
  if (status) return classifyRequest({status: Number(status), message}).failureClass;
  const plain = normalise(code);
  if (plain.endsWith('notfound')) return namesRung(message) ? 'invalid' : 'denied';
  if (plain.startsWith('invalid') || plain.startsWith('unsupported') || plain === 'badrequest') return 'invalid';
  return 'uncertain';
}

function byCode(code: string): ComputeFailureClass | undefined {
  const plain = normalise(code);
  return plain === '' ? undefined : CODES.find(([pattern]) => pattern.test(plain))?.[1];
}

function normalise(code: string): string {
  return code.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}

/** Whether an `invalid` failure is about the machine type or the zone of this rung, so that another rung may do. */
export function concernsRungOnly(failure: ComputeFailure): boolean {
  return failure.failureClass === 'invalid' && namesRung(failure.message);
}

/** Messages quote the whole path, in which every resource has a zone: the last resource of the path is what is meant. */
function namesRung(message: string): boolean {
  return /machine ?types?\b/i.test(message) || /unknown zone|\/zones\/[-a-z0-9]+['"]?(?![-a-z0-9/'"])/i.test(message);
}
