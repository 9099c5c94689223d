/**
 * What happens to a request in place of its answer:
 * - an answer, without any effect;
 * - `total`: the answer with a `total_count` that is wrong by so much;
 * - `lose-response`: it takes effect, then the connection breaks;
 * - `reset`: the connection breaks before anything happens;
 * - `hang`: nothing happens and no answer comes.
 */
export type RequestFaultEffect =
  | {readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown}
  | {readonly total: number}
  | 'lose-response'
  | 'reset'
  | 'hang';

export interface RequestFault {
  /** `query`: as in the URL, without the question mark. */
  readonly match: {readonly method?: string; readonly path: RegExp; readonly query?: RegExp};
  /** How many requests it meets; once unless given. */
  readonly times?: number;
  readonly respond: RequestFaultEffect;
}

/** Faults that tests plan; each meets the first requests that match, in the order the faults were planned. */
export class RequestFaults {
  #planned: {readonly fault: RequestFault; left: number}[] = [];

  add(fault: RequestFault): void {
    this.#planned.push({fault, left: fault.times ?? 1});
  }

  clear(): void {
    this.#planned = [];
  }

  /** How many requests are yet to be met. */
  get pending(): number {
    return this.#planned.reduce((sum, {left}) => sum + left, 0);
  }

  /** The path without query and without `/api/v3`. */
  take(method: string, path: string, query = ''): RequestFaultEffect | undefined {
    const met = this.#planned.find(
      ({fault, left}) =>
        left > 0 &&
        (fault.match.method ?? method).toUpperCase() === method.toUpperCase() &&
        fault.match.path.test(path) &&
        (fault.match.query?.test(query) ?? true),
    );
    if (!met) return undefined;
    met.left -= 1;
    return met.fault.respond;
  }
}
