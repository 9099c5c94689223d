import {type Fault, Faults} from '../tasks/faults';
import type {ComputeWorld} from './model';
import {type RateGroup, Rates} from './rates';
import type {ComputeRequest} from './request';
import {ApiError} from './resources';
import {route} from './routes';

/**
 * `lost`: it is done, and no answer comes. `reset`: neither. `hang`: nothing ever comes. With a `sender`, somebody else answers on the way
 * there: the metadata server, which has no access token, or a proxy.
 */
export type ComputeFault =
  | {
      readonly status: number;
      readonly reason: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {readonly status: number; readonly sender: 'metadata' | 'proxy'}
  | 'lost'
  | 'reset'
  | 'hang';

export type Answer =
  | {readonly kind: 'answered'; readonly body: object}
  | {readonly kind: 'refused'; readonly error: ApiError; readonly headers?: Readonly<Record<string, string>>}
  /** Another sender's page, which is not Compute Engine's error body. */
  | {readonly kind: 'foreign'; readonly status: number; readonly message: string}
  | {readonly kind: 'broken'}
  | {readonly kind: 'hanging'};

/** So many requests are kept. */
const KEPT = 20_000;

/** Compute Engine's REST API without the transport: HTTP and the direct port are put over it. */
export class ComputeApi {
  /** The newest ones. */
  readonly requests: ComputeRequest[] = [];
  /** Requests for what the model does not have: a client asks for something that nobody thought of. */
  readonly violations: string[] = [];
  readonly #faults = new Faults<ComputeRequest, ComputeFault>();
  readonly #rates = new Rates();

  constructor(readonly world: ComputeWorld) {}

  fault(fault: Fault<ComputeRequest, ComputeFault>): void {
    this.#faults.add(fault);
  }

  /** More requests than that in one minute of one region are refused. */
  limitRate(group: RateGroup, perMinute: number): void {
    this.#rates.limit(group, perMinute);
  }

  async answer(request: ComputeRequest): Promise<Answer> {
    this.requests.push(request);
    if (this.requests.length > KEPT) this.requests.splice(0, KEPT / 2);
    const fault = this.#faults.take(request);
    if (fault === 'hang') return {kind: 'hanging'};
    if (fault === 'reset') return {kind: 'broken'};
    if (typeof fault === 'object' && 'sender' in fault) return {kind: 'foreign', ...foreignAnswer(fault)};
    if (typeof fault === 'object') {
      const error = new ApiError(fault.status, fault.reason, fault.message);
      return {kind: 'refused', error, ...(fault.headers ? {headers: fault.headers} : {})};
    }
    const answer = await this.#perform(request);
    return fault === 'lost' ? {kind: 'broken'} : answer;
  }

  async #perform(request: ComputeRequest): Promise<Answer> {
    try {
      this.#rates.count(request, this.world.scheduler.now());
      const work = route(this.world, request);
      if (work !== undefined) return {kind: 'answered', body: await work};
    } catch (error) {
      if (error instanceof ApiError) return {kind: 'refused', error};
      this.violations.push(`${request.method} ${request.path}: ${String(error)}`);
      return {kind: 'refused', error: new ApiError(500, 'backendError', String(error))};
    }
    this.violations.push(`${request.method} ${request.path}`);
    const message = `The URL ${request.path} was not found on this server`;
    return {kind: 'refused', error: new ApiError(404, 'notFound', message)};
  }
}

/** As google-auth-library words it when the metadata server refuses the access token; its error has the status of that refusal. */
const NO_TOKEN =
  'A Not Found error was returned while attempting to retrieve an access token for the Compute Engine built-in service account.';

function foreignAnswer({status, sender}: {readonly status: number; readonly sender: 'metadata' | 'proxy'}): {
  readonly status: number;
  readonly message: string;
} {
  return {status, message: sender === 'metadata' ? NO_TOKEN : `<html><title>Error ${status}</title></html>`};
}
