import {TASK_SIGNATURE_HEADER} from '../../shared/task-signature';
import type {FunctionAnswer} from './call-function';
import type {SimulatedWorld} from './simulated-world';

type Target = 'webhook' | 'provision' | 'stop';
type Headers = Readonly<Record<string, string>>;

/** Calls a function outside every execution: nothing of it is drawn, so that whoever forges changes nothing else in the world. */
export type Call = (target: Target, headers: Headers, body: Buffer) => Promise<FunctionAnswer>;

/** So many genuine calls for one that is forged. */
const EVERY = 4;
const NONSENSE = `sha256=${'0'.repeat(64)}`;

/**
 * Somebody who can reach the functions, with the identity of Cloud Tasks, and has seen what they were sent; but has no key. Nothing of what he
 * sends may be accepted.
 */
export class Forger {
  #count = 0;

  constructor(
    private readonly world: SimulatedWorld,
    private readonly call: Call,
  ) {}

  /** Beside a genuine task: a job that there is not, or the end of a runner that may have one. */
  task(target: 'provision' | 'stop', headers: Headers, body: Buffer): void {
    this.#forge(target, headers, TASK_SIGNATURE_HEADER, target === 'stop' ? this.#end() : phantom(body));
  }

  /** Beside a genuine delivery: the end of its job, on a runner that has another. */
  delivery(headers: Headers, body: string): void {
    const payload = JSON.parse(body) as {workflow_job?: object};
    const runner = this.#victim();
    const job = {...payload.workflow_job, status: 'completed', runner_name: runner};
    const forged = {...payload, action: 'completed', workflow_job: job};
    this.#forge('webhook', headers, 'X-Hub-Signature-256', forged);
  }

  #end(): object {
    return {kind: 'delete', runner: this.#victim(), force: true};
  }

  #victim(): string {
    return this.world.machines().at(-1)?.name ?? 'slipway-linux-1-1';
  }

  /** In turn: without a signature, with nonsense, and with the genuine one of something else. */
  #forge(target: Target, headers: Headers, name: string, body: object): void {
    this.#count += 1;
    if (this.#count % EVERY !== 0) return;
    const others = Object.entries(headers).filter(([other]) => other.toLowerCase() !== name.toLowerCase());
    const genuine = Object.entries(headers).find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
    const signature = [undefined, NONSENSE, genuine][(this.#count / EVERY) % 3];
    const forged = {...Object.fromEntries(others), ...(signature === undefined ? {} : {[name]: signature})};
    // Never by chance the genuine one.
    this.call(target, forged, Buffer.from(JSON.stringify({...body, forged: true}))).then(
      ({status}) => {
        if (status !== 401 && status !== 403) {
          this.world.violated('forged', `${target} answered ${status} to ${JSON.stringify(body)}`);
        }
      },
      (error: unknown) => this.world.violated('forged', `${target} failed: ${String(error)}`),
    );
  }
}

/** The event of another job, which GitHub does not know. */
function phantom(body: Buffer): object {
  const task = JSON.parse(body.toString()) as {event?: {jobId: number}};
  if (!task.event) return {kind: 'make', runner: 'slipway-linux-1-1'};
  return {kind: 'event', event: {...task.event, jobId: task.event.jobId + 1_000_000_000, status: 'queued'}};
}
