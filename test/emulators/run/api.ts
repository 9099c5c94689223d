import {type Fault, Faults} from '../tasks/faults';
import type {RunWorld} from './model';
import type {RunRequest} from './request';
import {ApiError} from './resources';
import {route} from './routes';

/** `lost`: it is done, and no answer comes. `reset`: neither. `hang`: nothing ever comes. A `proxy` answers a page of its own. */
export type RunFault =
  | {readonly status: number; readonly reason: string; readonly message: string; readonly info?: string}
  | {readonly status: number; readonly sender: 'proxy'}
  | 'lost'
  | 'reset'
  | 'hang';

export type RunAnswer =
  | {readonly kind: 'answered'; readonly body: object}
  | {readonly kind: 'refused'; readonly error: ApiError}
  | {readonly kind: 'foreign'; readonly status: number; readonly message: string}
  | {readonly kind: 'broken'}
  | {readonly kind: 'hanging'};

/** So many requests are kept. */
const KEPT = 20_000;

/** Cloud Run's Admin API without the transport: HTTP and the direct port are put over it. */
export class RunApi {
  /** The newest ones. */
  readonly requests: RunRequest[] = [];
  /** Requests for what the model does not have: a client asks for something that nobody thought of. */
  readonly violations: string[] = [];
  readonly #faults = new Faults<RunRequest, RunFault>();

  constructor(readonly world: RunWorld) {}

  fault(fault: Fault<RunRequest, RunFault>): void {
    this.#faults.add(fault);
  }

  async answer(request: RunRequest): Promise<RunAnswer> {
    this.requests.push(request);
    if (this.requests.length > KEPT) this.requests.splice(0, KEPT / 2);
    const fault = this.#faults.take(request);
    if (fault === 'hang') return {kind: 'hanging'};
    if (fault === 'reset') return {kind: 'broken'};
    if (typeof fault === 'object') {
      if ('sender' in fault)
        return {kind: 'foreign', status: fault.status, message: `<html>Error ${fault.status}</html>`};
      return {kind: 'refused', error: new ApiError(fault.status, fault.reason, fault.message, fault.info)};
    }
    const answer = this.#perform(request);
    return fault === 'lost' ? {kind: 'broken'} : answer;
  }

  #perform(request: RunRequest): RunAnswer {
    try {
      const body = route(this.world, request);
      if (body !== undefined) return {kind: 'answered', body};
    } catch (error) {
      if (error instanceof ApiError) return {kind: 'refused', error};
      this.violations.push(`${request.method} ${request.path}: ${String(error)}`);
      return {kind: 'refused', error: new ApiError(500, 'INTERNAL', String(error))};
    }
    this.violations.push(`${request.method} ${request.path}`);
    return {kind: 'refused', error: new ApiError(404, 'NOT_FOUND', `no route for ${request.path}`)};
  }
}
