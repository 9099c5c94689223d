import type {Clock} from '../../../clock';
import {MINUTE_MS} from '../../../durations';
import {Refused, SlipwayError, Unavailable} from '../../../errors';
import type {RefusedCall} from '../../../google-call';
import type {FailureClass} from '../../placements';
import type {ComputeErrorItem} from './compute';

export interface ComputeFailureOptions extends ErrorOptions {
  readonly missing?: string;
}

export class ComputeFailure extends SlipwayError {
  readonly kind = 'compute_failure';
  /** Path, from `projects/` on, of a resource that does not exist according to Compute Engine itself. */
  readonly missing: string | undefined;

  constructor(
    readonly failureClass: FailureClass,
    /** Code or reason of Compute Engine, e.g. `ZONE_RESOURCE_POOL_EXHAUSTED`. */
    readonly code: string,
    /** Without secrets: a 400 of Compute Engine can quote the request with its metadata. */
    message: string,
    {missing, ...options}: ComputeFailureOptions = {},
  ) {
    super(message, options);
    this.missing = missing;
  }

  get retryable(): boolean {
    return this.failureClass !== 'invalid' && this.failureClass !== 'denied';
  }
}

export interface Classified {
  readonly failureClass: FailureClass;
  /** Code or reason of Compute Engine; the HTTP status if there was none. */
  readonly code: string;
}

/** A refused request, to Compute Engine or to somebody on the way there. */
export type RefusedRequest = RefusedCall;

/** Texts about the requested configuration, as opposed to the available capacity. */
const CONFIGURATION =
  /\b(?:in|not )compatible\b|cannot be used|not supported|(?:does|do) not support|not allowed|must (?:be|have)|\binvalid\b/i;

/**
 * Codes of operations and reasons of HTTP errors, compared without case and underscores: operations say `QUOTA_EXCEEDED`, HTTP errors
 * `quotaExceeded`. The first matching row counts.
 *
 * @see https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation
 * @see https://cloud.google.com/compute/docs/resource-error
 */
const CODES: readonly (readonly [code: RegExp, FailureClass, message?: RegExp])[] = [
  [/^concurrentoperationsquotaexceeded$|ratelimitexceeded$/, 'rate'],
  [/resourcepoolexhausted|stockout|insufficientcapacity|^vmmincountnotreached$/, 'zone_full'],
  // "pd-balanced disk type cannot be used by c4a-standard-4 machine type."
  [/^unsupportedoperation$/, 'invalid', CONFIGURATION],
  // Happens when a spot VM is preempted during its creation.
  [/^unsupportedoperation$/, 'zone_full'],
  [/quotaexceeded|^limitexceeded$/, 'quota'],
  [/alreadyexists$|^duplicate$|^operationincomplete$|^resourcenotready$|^resourceinuse/, 'conflict'],
  [/^forbidden|^permission|accessnotconfigured|^required$|^autherror$|^accountdisabled$|billing/, 'denied'],
  [/^backenderror$|^internalerror$|^serviceunavailable$|^timeout$/, 'uncertain'],
];

/**
 * Classifies a refused request. A status without a reason is not from Compute Engine, but from the metadata server or a proxy: only a 429
 * counts then.
 */
export function classifyRequest({status, reason = '', message}: RefusedRequest): Classified {
  const code = reason || (status === undefined ? 'NO_ANSWER' : `HTTP_${status}`);
  const known = byCode(reason, message);
  if (known && known !== 'uncertain') return {failureClass: known, code};
  if (status === 429) return {failureClass: 'rate', code};
  if (status === undefined || status === 408 || status >= 500 || reason === '')
    return {failureClass: 'uncertain', code};
  return {failureClass: byStatus(status, message), code};
}

function byStatus(status: number, message: string): FailureClass {
  if (status === 409) return 'conflict';
  if (status === 401 || status === 403 || lacksPrerequisite(message)) return 'denied';
  return 'invalid';
}

/** The path, from `projects/` on, of the resource that does not exist according to Compute Engine itself. */
export function missingResource({status, reason = '', message}: RefusedRequest): string | undefined {
  if (status !== 404 || normalise(reason) !== 'notfound') return undefined;
  return /projects\/[^\s'"]+/.exec(message)?.[0];
}

/** Classifies a failed operation by its first error whose meaning is known. */
export function classifyOperation(errors: readonly ComputeErrorItem[]): Classified & {readonly message: string} {
  const classified = errors.map(({code, message}) => ({code, message, failureClass: ofOperation(code, message)}));
  return (
    classified.find(({failureClass}) => failureClass !== 'uncertain') ??
    classified[0] ?? {code: 'UNKNOWN', message: 'the operation failed and gave no error', failureClass: 'uncertain'}
  );
}

function ofOperation(code: string, message: string): FailureClass {
  const known = byCode(code, message);
  if (known) return known;
  const status = Number(/^HTTP_(\d{3})$/.exec(code)?.[1]);
  // The error of an operation is always from Compute Engine, even if it is only a status.
  if (status === 429) return 'rate';
  if (status >= 400 && status < 500 && status !== 408) return byStatus(status, message);
  const plain = normalise(code);
  if (plain.endsWith('notfound')) return byStatus(404, message);
  if (/^(invalid|unsupported|badrequest$|conditionnotmet$)/.test(plain)) return byStatus(400, message);
  return 'uncertain';
}

function byCode(code: string, message: string): FailureClass | undefined {
  const plain = normalise(code);
  if (plain === '') return undefined;
  return CODES.find(([pattern, , text]) => pattern.test(plain) && (!text || text.test(message)))?.[1];
}

function normalise(code: string): string {
  return code.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}

/**
 * Whether the missing resource is needed by every placement: the template, or the subnetwork that it names. An insert is never refused
 * because of a missing instance or operation.
 */
function lacksPrerequisite(message: string): boolean {
  if (/\/(?:instanceTemplates|subnetworks|instances|operations)\/[^\s'"/]+['"]? was not found/i.test(message))
    return true;
  return (
    /^Invalid value for field '[^']*(?:sourceInstanceTemplate|subnetwork)'/i.test(message) &&
    /(?:not|cannot) be found|not found|does not exist/i.test(message)
  );
}

/**
 * Seconds until the next minute, in which the rate quotas of Compute Engine start again.
 *
 * @see https://cloud.google.com/compute/api-quota
 */
export function secondsToNextMinute(nowMs: number): number {
  return Math.max(1, Math.ceil((MINUTE_MS - (nowMs % MINUTE_MS)) / 1000));
}

/**
 * Turns failures of Compute Engine into `Unavailable` or `Refused`. For calls that can safely be repeated, so that a lost answer does not
 * matter.
 */
export async function withComputeErrors<T>(clock: Pick<Clock, 'now'>, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ComputeFailure)) throw error;
    if (error.failureClass === 'rate') throw new Unavailable(error.message, secondsToNextMinute(clock.now()));
    if (error.retryable) throw new Unavailable(error.message, 10);
    throw new Refused(error.message);
  }
}
