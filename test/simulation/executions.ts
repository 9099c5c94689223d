import {AsyncLocalStorage} from 'node:async_hooks';
import type {Clock} from '../../shared/clock';

/** One call of a function, from the request to the answer. */
export interface Execution {
  readonly id: number;
  /** E.g. `provision`. */
  readonly target: string;
  /** How wrong its clock is. */
  readonly skewMs: number;
  isDead: boolean;
  /** Calls to the outside that are left to it, if it dies before the one after them. */
  callsLeft: number;
  /** Resolves when it dies. */
  readonly death: Promise<void>;
  die(): void;
}

/** Which execution the running code belongs to, and the clock that it sees. */
export class Executions {
  readonly #storage = new AsyncLocalStorage<Execution>();
  readonly #inTransaction = new AsyncLocalStorage<true>();
  #count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly drawSkewMs: () => number,
  ) {}

  current(): Execution | undefined {
    return this.#storage.getStore();
  }

  /** Runs the body of a transaction: in it no other call to the outside is allowed. Beside it, in the same execution, it is. */
  inTransaction<T>(body: () => Promise<T>): Promise<T> {
    return this.#inTransaction.run(true, body);
  }

  isInTransaction(): boolean {
    return this.#inTransaction.getStore() === true;
  }

  /** Runs `work` as an execution of its own. It does not end if the execution dies. `diesAt`: the call to the outside before which it dies, from 1. */
  start<T>(
    target: string,
    work: (execution: Execution) => Promise<T>,
    diesAt = Number.POSITIVE_INFINITY,
  ): {execution: Execution; result: Promise<T>} {
    const {promise: death, resolve: kill} = Promise.withResolvers<void>();
    const execution: Execution = {
      id: ++this.#count,
      target,
      skewMs: this.drawSkewMs(),
      isDead: false,
      callsLeft: diesAt - 1,
      death,
      die() {
        execution.isDead = true;
        kill();
      },
    };
    return {execution, result: this.#storage.run(execution, () => work(execution))};
  }

  /** Each machine's clock is wrong in its own way. */
  readonly skewedClock: Clock = {
    now: () => this.clock.now() + (this.current()?.skewMs ?? 0),
    sleep: async (ms) => {
      await this.clock.sleep(ms);
      if (this.current()?.isDead) await never();
    },
  };
}

/** What a dead execution waits for. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}
