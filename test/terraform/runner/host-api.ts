import {once} from 'node:events';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface ReportedContainer {
  readonly name: string;
  readonly state: string;
  readonly exit_code: number | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
}

export interface Sync {
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly containers: readonly ReportedContainer[];
}

/** Answers one sync: a body, or whatever it writes itself. */
export type Answer = (sync: Sync, response: ServerResponse) => object | undefined;

const IDLE = {start: [], remove: [], images: [], wait_seconds: 0.5};

/** The other side of an agent: records each sync and answers as the test says. */
export class HostApi {
  readonly syncs: Sync[] = [];
  private answers: Answer[] = [];
  private always: Answer = () => IDLE;
  private waiting: (() => void)[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<HostApi> {
    const server = createServer();
    const api = new HostApi(server);
    server.on('request', (request, response) => void api.handle(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The answers of the next syncs, in order; after them the idle one, or that of `answerAlways`. */
  answer(...answers: readonly (Answer | object)[]): void {
    this.answers.push(
      ...answers.map((one) => (typeof one === 'function' ? (one as Answer) : () => ({...IDLE, ...one}))),
    );
  }

  answerAlways(answer: Answer): void {
    this.always = answer;
  }

  /** The first sync from now on that fits. */
  async sync(fits: (sync: Sync) => boolean): Promise<Sync> {
    for (let seen = this.syncs.length; ; ) {
      for (; seen < this.syncs.length; seen++) {
        const sync = this.syncs[seen];
        if (sync && fits(sync)) return sync;
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Until a sync reports the container in the state. */
  async reports(name: string, state: string): Promise<ReportedContainer> {
    const is = (one: ReportedContainer) => one.name === name && one.state === state;
    const {containers} = await this.sync((sync) => sync.containers.some(is));
    return containers.find(is) as ReportedContainer;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const {containers} = JSON.parse(body) as {containers: ReportedContainer[]};
    const host = /^\/hosts\/([^/]+)\/sync$/.exec(request.url ?? '')?.[1] ?? '';
    const sync: Sync = {host, headers: request.headers, containers};
    this.syncs.push(sync);
    const answer = (this.answers.shift() ?? this.always)(sync, response);
    if (answer !== undefined) response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(answer));
    for (const waiter of this.waiting.splice(0)) waiter();
  }
}
