import type {Random} from '../../../shared/random';
import type {Scheduler} from '../scheduler';
import {checkInsert, type InsertCall, instanceOf} from './insert';
import {ApiError, type Instance, type Operation, type OperationError, type Template} from './resources';

export interface ComputeOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** By region. */
  readonly zones?: Readonly<Record<string, readonly string[]>>;
  readonly latencies?: Partial<ComputeLatencies>;
}

/** Milliseconds. */
export interface ComputeLatencies {
  /** From an accepted insert to RUNNING. */
  readonly insert: number;
  readonly delete: number;
}

/** Why an insert that was accepted fails after all. */
export interface LateFailure {
  readonly zone?: string;
  readonly machineType?: string;
  readonly spot?: boolean;
  /** Inserts it strikes; for ever unless given. */
  readonly times?: number;
  readonly error: OperationError;
}

/** What happened to an instance, for whoever shows or counts it. */
export interface ComputeEvent {
  readonly kind: 'accepted' | 'running' | 'failed' | 'deleting' | 'deleted' | 'terminated' | 'preempted' | 'expired';
  readonly instance: Instance;
}

const ZONES = {'us-central1': ['us-central1-a', 'us-central1-b', 'us-central1-f'], 'europe-west1': ['europe-west1-b']};

/** Compute Engine as an autoscaler sees it: an insert is accepted first, and succeeds or fails later. */
export class ComputeWorld {
  readonly scheduler: Scheduler;
  readonly zones: Readonly<Record<string, readonly string[]>>;
  readonly templates: Template[] = [];
  /** Every insert that was accepted, also of instances that failed or are gone. */
  readonly created: Instance[] = [];
  readonly #latencies: ComputeLatencies;
  readonly #random: Random;
  readonly #instances = new Map<string, Instance>();
  readonly #operations = new Map<string, Operation>();
  readonly #failures: {failure: LateFailure; left: number}[] = [];
  readonly #observers: ((event: ComputeEvent) => void)[] = [];

  constructor({scheduler, random, zones = ZONES, latencies}: ComputeOptions) {
    this.scheduler = scheduler;
    this.zones = zones;
    this.#random = random;
    this.#latencies = {insert: 8_000, delete: 5_000, ...latencies};
  }

  addTemplate(template: Template): void {
    this.templates.push(template);
  }

  observe(observer: (event: ComputeEvent) => void): void {
    this.#observers.push(observer);
  }

  /** Accepted inserts that match fail when their operation ends, as a stock-out does. */
  failLate(failure: LateFailure): void {
    this.#failures.push({failure, left: failure.times ?? Number.POSITIVE_INFINITY});
  }

  recover(): void {
    this.#failures.length = 0;
  }

  instances(): Instance[] {
    return [...this.#instances.values()];
  }

  get(zone: string, name: string): Instance {
    const instance = this.#instances.get(`${zone}/${name}`);
    if (!instance)
      throw new ApiError(404, 'notFound', `The resource 'projects/p/zones/${zone}/instances/${name}' was not found`);
    return instance;
  }

  operation(zone: string, name: string): Operation {
    const operation = this.#operations.get(name);
    if (!operation || operation.zone !== zone)
      throw new ApiError(404, 'notFound', `The operation '${name}' was not found`);
    return operation;
  }

  operations(zone: string): Operation[] {
    return [...this.#operations.values()].filter((operation) => operation.zone === zone);
  }

  template(name: string, region: string | undefined): Template {
    const found = this.templates.find((template) => template.name === name && template.region === region);
    const place = region ? `regions/${region}` : 'global';
    if (!found) throw new ApiError(404, 'notFound', `The resource '${place}/instanceTemplates/${name}' was not found`);
    return found;
  }

  /** The same request id gives the first request's operation again, whatever the body. */
  insert(call: InsertCall): Operation {
    const repeated = this.#repeated(call.zone, call.requestId);
    if (repeated) return repeated;
    checkInsert(call, Object.values(this.zones).flat());
    const {name, region} = call.template;
    const instance = instanceOf(call, this.template(name, region), this.scheduler.now(), this.#id());
    const path = `${call.zone}/${instance.name}`;
    if (this.#instances.has(path)) {
      throw new ApiError(
        409,
        'alreadyExists',
        `The resource 'projects/p/zones/${call.zone}/instances/${instance.name}' already exists`,
      );
    }
    this.#instances.set(path, instance);
    this.created.push(instance);
    this.#announce('accepted', instance);
    const failure = this.#failureOf(instance);
    return this.#start('insert', instance, call.requestId, this.#latencies.insert, (operation) => {
      if (failure) {
        operation.errors = [failure];
        this.#instances.delete(path);
        this.#announce('failed', instance);
      } else if (this.#instances.get(path) === instance && instance.status === 'PROVISIONING') {
        this.#run(instance);
      }
    });
  }

  delete(zone: string, name: string, requestId?: string): Operation {
    const repeated = this.#repeated(zone, requestId);
    if (repeated) return repeated;
    return this.#remove(this.get(zone, name), requestId);
  }

  /** The guest shuts down: an instance stays as TERMINATED until somebody deletes it. */
  powerOff(instance: Instance): void {
    if (instance.status !== 'RUNNING') return;
    instance.status = 'TERMINATED';
    this.#announce('terminated', instance);
  }

  /** Compute Engine takes a spot VM back. */
  preempt(instance: Instance): void {
    this.#announce('preempted', instance);
    this.#end(instance);
  }

  #run(instance: Instance): void {
    instance.status = 'RUNNING';
    this.#announce('running', instance);
    const {maxRunDuration} = instance.scheduling as {maxRunDuration?: {seconds?: string | number}};
    const seconds = Number(maxRunDuration?.seconds ?? 0);
    if (seconds <= 0) return;
    this.scheduler.at(this.scheduler.now() + seconds * 1000, () => {
      if (this.#instances.get(`${instance.zone}/${instance.name}`) !== instance) return;
      this.#announce('expired', instance);
      this.#end(instance);
    });
  }

  /** As the instance's termination action says. */
  #end(instance: Instance): void {
    if (instance.scheduling['instanceTerminationAction'] === 'DELETE') this.#remove(instance, undefined);
    else this.powerOff(instance);
  }

  #remove(instance: Instance, requestId: string | undefined): Operation {
    instance.status = 'STOPPING';
    this.#announce('deleting', instance);
    return this.#start('delete', instance, requestId, this.#latencies.delete, () => {
      const path = `${instance.zone}/${instance.name}`;
      if (this.#instances.get(path) !== instance) return;
      this.#instances.delete(path);
      this.#announce('deleted', instance);
    });
  }

  #start(
    operationType: Operation['operationType'],
    instance: Instance,
    requestId: string | undefined,
    latencyMs: number,
    finish: (operation: Operation) => void,
  ): Operation {
    const now = this.scheduler.now();
    const operation: Operation = {
      name: `operation-${this.#id()}`,
      zone: instance.zone,
      operationType,
      target: instance.name,
      clientOperationId: requestId,
      insertedAtMs: now,
      doneAtMs: now + latencyMs,
      status: 'RUNNING',
      errors: [],
    };
    this.#operations.set(operation.name, operation);
    this.scheduler.at(operation.doneAtMs, () => {
      finish(operation);
      operation.status = 'DONE';
    });
    return operation;
  }

  #failureOf({zone, machineType, scheduling}: Instance): OperationError | undefined {
    const spot = scheduling['provisioningModel'] === 'SPOT';
    const hit = this.#failures.find(
      ({failure, left}) =>
        left > 0 &&
        (failure.zone ?? zone) === zone &&
        (failure.machineType ?? machineType) === machineType &&
        (failure.spot ?? spot) === spot,
    );
    if (!hit) return undefined;
    hit.left -= 1;
    return hit.failure.error;
  }

  #repeated(zone: string, requestId: string | undefined): Operation | undefined {
    if (requestId === undefined) return undefined;
    return this.operations(zone).find(({clientOperationId}) => clientOperationId === requestId);
  }

  #announce(kind: ComputeEvent['kind'], instance: Instance): void {
    for (const observer of this.#observers) observer({kind, instance});
  }

  #id(): string {
    return String(Math.floor(this.#random.next() * 9e15) + 1e15);
  }
}
