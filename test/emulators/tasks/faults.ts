/** A fault that strikes the first `times` subjects that it matches. */
export interface Fault<Subject, Effect> {
  /** Default: all. */
  readonly match?: (subject: Subject) => boolean;
  /** Default 1. */
  readonly times?: number;
  readonly respond: Effect;
}

/** The faults that are planned, each used up as it strikes. */
export class Faults<Subject, Effect> {
  #planned: {readonly fault: Fault<Subject, Effect>; left: number}[] = [];

  add(fault: Fault<Subject, Effect>): void {
    this.#planned.push({fault, left: fault.times ?? 1});
  }

  /** The effect of the first planned fault that matches. */
  take(subject: Subject): Effect | undefined {
    const hit = this.#planned.find(({fault, left}) => left > 0 && (fault.match?.(subject) ?? true));
    if (!hit) return undefined;
    hit.left -= 1;
    this.#planned = this.#planned.filter(({left}) => left > 0);
    return hit.fault.respond;
  }

  clear(): void {
    this.#planned = [];
  }
}
