import type {Scheduler} from '../scheduler';
import {type Instance, notFound, type Operation, type OperationError} from './resources';

/** Compute Engine forgets an operation two weeks after it ended. */
const KEPT_MS = 14 * 24 * 3_600_000;

export interface Beginning {
  readonly operationType: string;
  readonly instance: Instance;
  readonly requestId?: string | undefined;
  readonly latencyMs: number;
  /** Who asked: the platform itself, or else the caller. */
  readonly user?: 'system';
  /** Runs when the operation ends; what it returns is the operation's error. */
  finish(): readonly OperationError[];
}

/** The zone operations of a project: accepted at once, done later, perhaps with an error. */
export class Operations {
  readonly #operations = new Map<string, Operation>();
  readonly #byRequestId = new Map<string, Operation>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly newId: () => string,
  ) {}

  begin({operationType, instance, requestId, latencyMs, user, finish}: Beginning): Operation {
    const now = this.scheduler.now();
    const id = this.newId();
    const operation: Operation = {
      id,
      name: `operation-${id}`,
      zone: instance.zone,
      operationType,
      target: instance.name,
      targetId: instance.id,
      user: user ?? 'slipway@world.iam.gserviceaccount.com',
      clientOperationId: requestId,
      insertedAtMs: now,
      startsAtMs: now + Math.min(500, latencyMs / 2),
      doneAtMs: now + latencyMs,
      status: 'RUNNING',
      errors: [],
    };
    this.#forget(now);
    this.#operations.set(operation.name, operation);
    if (requestId !== undefined) this.#byRequestId.set(`${instance.zone}/${operationType}/${requestId}`, operation);
    this.scheduler.at(operation.doneAtMs, () => {
      operation.errors = finish();
      operation.status = 'DONE';
    });
    return operation;
  }

  get(zone: string, name: string): Operation {
    const operation = this.#operations.get(name);
    if (operation?.zone !== zone) throw notFound(`zones/${zone}/operations/${name}`);
    return operation;
  }

  inZone(zone: string): Operation[] {
    return [...this.#operations.values()].filter((operation) => operation.zone === zone);
  }

  /** The same request id gives the first request's operation again, whatever the body. */
  repeated(zone: string, requestId: string | undefined, operationType: string): Operation | undefined {
    return requestId === undefined ? undefined : this.#byRequestId.get(`${zone}/${operationType}/${requestId}`);
  }

  #forget(now: number): void {
    for (const [name, {doneAtMs, zone, operationType, clientOperationId}] of this.#operations) {
      if (doneAtMs > now - KEPT_MS) return;
      this.#operations.delete(name);
      this.#byRequestId.delete(`${zone}/${operationType}/${clientOperationId}`);
    }
  }
}
