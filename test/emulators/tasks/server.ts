import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {TimerClock} from '../../../shared/clock';
import {type Dispatch, type DispatchResult, mergeHeaders, postTask} from '../../../shared/tasks/local/dispatch';
import type {QueueLimits} from '../../../shared/tasks/local/limits';
import type {InProcessQueue} from '../../../shared/tasks/local/queue';
import {KEPT_CONNECTIONS} from '../kept-connections';
import type {OidcIssuer} from '../oidc';
import {ApiError, type ApiStatus} from './api-error';
import {CloudTasksModel} from './cloud-tasks-model';
import {type DispatchFault, type DispatchSubject, withDispatchFaults} from './dispatch-faults';
import {type Fault, Faults} from './faults';
import {type ApiRequest, route} from './route';
import type {HttpTask} from './task-resource';

/**
 * What goes wrong with a request to the API.
 *
 * - an error: nothing is done;
 * - `hang`: nothing is done, and no answer comes;
 * - `lost`: it is done, and the connection ends without an answer;
 * - `lateByMs`: a created task runs that much later than asked for.
 */
export type RequestFault =
  | {readonly status: ApiStatus; readonly message?: string}
  | {readonly html: number}
  | 'hang'
  | 'lost'
  | {readonly lateByMs: number};

export interface DispatchRecord {
  readonly queue: string;
  readonly task: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: no answer came. */
  readonly status: number | undefined;
}

export interface CloudTasksServerOptions {
  readonly timers: TimerClock;
  readonly oidc: OidcIssuer;
  /** `projects/P/locations/L/queues/Q` */
  readonly queues: readonly string[];
  readonly limits?: Partial<QueueLimits>;
  /** `false`: tasks run only when `dispatchDue` is called. Default `true`. */
  readonly autoDispatch?: boolean;
}

/** Cloud Tasks over HTTP, as the client libraries speak to it. */
export class CloudTasksServer {
  readonly model: CloudTasksModel;
  /** Every request to the API, in order. */
  readonly requests: ApiRequest[] = [];
  /** Every dispatch that has ended, in order. */
  readonly dispatches: DispatchRecord[] = [];
  readonly #timers: TimerClock;
  readonly #oidc: OidcIssuer;
  readonly #requestFaults = new Faults<ApiRequest, RequestFault>();
  readonly #dispatchFaults = new Faults<DispatchSubject, DispatchFault>();
  readonly #server = createServer(KEPT_CONNECTIONS, (request, response) => void this.#serve(request, response));

  constructor({timers, oidc, queues, limits, autoDispatch = true}: CloudTasksServerOptions) {
    this.#timers = timers;
    this.#oidc = oidc;
    const dispatch = withDispatchFaults((one: Dispatch<HttpTask>) => this.#dispatch(one), this.#dispatchFaults);
    this.model = new CloudTasksModel({timers, dispatch, autoDispatch});
    for (const queue of queues) this.model.addQueue(queue, limits);
  }

  /** For the emulator's `host:port`. */
  async listen(): Promise<{readonly host: string; readonly port: number}> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const {port} = this.#server.address() as AddressInfo;
    return {host: '127.0.0.1', port};
  }

  fault(fault: Fault<ApiRequest, RequestFault>): void {
    this.#requestFaults.add(fault);
  }

  dispatchFault(fault: Fault<DispatchSubject, DispatchFault>): void {
    this.#dispatchFaults.add(fault);
  }

  /** `projects/P/locations/L/queues/Q` */
  queue(queue: string): InProcessQueue<HttpTask> {
    return this.model.queue(queue);
  }

  /** Dispatches what is due now in all queues and waits for it. Returns how many dispatches there were. */
  async dispatchDue(): Promise<number> {
    const counts = await Promise.all(this.model.queues().map((queue) => queue.dispatchDue()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when no dispatch is in flight. */
  async idle(): Promise<void> {
    await Promise.all(this.model.queues().map((queue) => queue.idle()));
  }

  async close(): Promise<void> {
    await Promise.all(this.model.queues().map((queue) => queue.close()));
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (code: number, body: object) => {
      response.writeHead(code, {'content-type': 'application/json; charset=UTF-8'}).end(JSON.stringify(body));
    };
    try {
      const one = await read(request);
      this.requests.push(one);
      const fault = this.#requestFaults.take(one);
      if (fault === 'hang') return;
      if (typeof fault === 'object' && 'html' in fault) {
        response.writeHead(fault.html, {'content-type': 'text/html'}).end('<html><title>Error</title></html>');
        return;
      }
      if (typeof fault === 'object' && 'status' in fault) {
        throw new ApiError(fault.status, fault.message ?? `${fault.status}, as the test asked for`);
      }
      const done = route(this.model, one, typeof fault === 'object' ? fault.lateByMs : 0);
      if (fault === 'lost') response.destroy();
      else answer(200, done);
    } catch (error) {
      const failure = error instanceof ApiError ? error : new ApiError('INTERNAL', String(error));
      answer(failure.code, failure);
    }
  }

  async #dispatch({queue, name, payload, headers, signal}: Dispatch<HttpTask>): Promise<DispatchResult> {
    const {url, method, body, oidc} = payload;
    const authorization = oidc && {
      Authorization: `Bearer ${await this.#oidc.token({audience: oidc.audience, email: oidc.serviceAccountEmail})}`,
    };
    const sent = mergeHeaders(payload.headers, {...headers, ...authorization});
    const record = {queue, task: name, url, headers: sent};
    try {
      const result = await postTask({url, method, headers: sent, body, signal, nowMs: this.#timers.now()});
      this.dispatches.push({...record, status: result.status});
      return result;
    } catch (error) {
      this.dispatches.push({...record, status: undefined});
      throw error;
    }
  }
}

async function read(request: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? '/', 'http://world');
  try {
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    return {method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, body};
  } catch {
    throw new ApiError('INVALID_ARGUMENT', 'Invalid JSON payload received.');
  }
}
