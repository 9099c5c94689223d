import type {Random} from '../../../shared/random';
import type {Preemption} from '../machines';
import type {Scheduler} from '../scheduler';
import {Capacity, type LateFailure, type QuotaMetric, type Selector} from './capacity';
import {Catalog, type ZonesByRegion} from './catalog';
import {checkInsert, checkLabels, checkMetadata, checkRequestId, type InsertCall, instanceOf} from './insert';
import {type ComputeLatencies, LATENCIES} from './latencies';
import {type ComputeEvent, type ComputeStatistics, Machines} from './machines';
import {Operations} from './operations';
import {Power} from './power';
import {
  ApiError,
  type Instance,
  type Json,
  type MetadataItem,
  notFound,
  notReady,
  type Operation,
  type OperationError,
  type Template,
} from './resources';

export type {LateFailure} from './capacity';
export type {ComputeLatencies} from './latencies';
export type {ComputeEvent, ComputeStatistics} from './machines';

export interface ComputeOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** By region. */
  readonly zones?: ZonesByRegion;
  readonly latencies?: Partial<ComputeLatencies>;
}

/** An instance that is there from the start, such as a persistent runner. */
export interface GivenInstance {
  readonly name: string;
  readonly zone: string;
  /** `e2-standard-2` unless given. */
  readonly machineType?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly scheduling?: Json;
  readonly disks?: readonly object[];
  /** TERMINATED unless given. */
  readonly status?: 'RUNNING' | 'TERMINATED' | 'SUSPENDED';
}

/** What a persistent VM can be asked. */
export type PowerAction = 'start' | 'stop' | 'reset' | 'suspend' | 'resume';

/** Compute Engine as an autoscaler sees it: a request is accepted first, and succeeds or fails later. */
export class ComputeWorld {
  readonly scheduler: Scheduler;
  readonly catalog: Catalog;
  readonly templates: Template[] = [];
  /** Every insert that was accepted, also of instances that failed or are gone. */
  readonly created: Instance[] = [];
  #forbidsGuestAttributes = false;
  readonly #random: Random;
  /** Names of instances that lists of all zones leave out, as they do while they lag behind. */
  readonly unlisted = new Set<string>();
  readonly #machines: Machines;
  readonly #operations: Operations;
  readonly #capacity: Capacity;
  readonly #power: Power;

  constructor({scheduler, random, zones, latencies}: ComputeOptions) {
    this.scheduler = scheduler;
    this.#random = random;
    this.catalog = new Catalog(zones);
    this.#capacity = new Capacity(this.catalog);
    this.#machines = new Machines(scheduler, (instance) => this.#power.expire(instance));
    this.#machines.observe(({kind, instance}) => kind === 'accepted' && this.created.push(instance));
    this.#operations = new Operations(scheduler, () => this.#id());
    const later = (ms: number, action: () => void) => void scheduler.at(scheduler.now() + ms, action);
    const timing = {...LATENCIES, ...latencies};
    this.#power = new Power(this.#machines, this.#operations, this.#capacity, timing, later);
  }

  addTemplate(template: Template): void {
    this.templates.push(template);
  }

  addInstance(given: GivenInstance): Instance {
    const {name, zone, machineType = 'e2-standard-2', labels = {}, metadata = {}, scheduling = {}} = given;
    const items = Object.entries(metadata).map(([key, value]) => ({key, value}));
    const disks = given.disks ? {disks: given.disks} : {};
    const properties = {machineType, labels, metadata: {items}, scheduling, ...disks};
    const call = {zone, template: {name: '', region: undefined}, requestId: undefined, body: {name}};
    const instance = instanceOf(call, {properties}, this.catalog, {nowMs: this.scheduler.now(), id: this.#id()});
    this.#machines.add(instance);
    instance.status = given.status ?? 'TERMINATED';
    if (given.status === 'RUNNING') this.#machines.run(instance);
    return instance;
  }

  observe(observer: (event: ComputeEvent) => void): void {
    this.#machines.observe(observer);
  }

  /** Accepted inserts and starts that match fail when their operation ends, as a stock-out does. */
  failLate(failure: LateFailure): void {
    this.#capacity.failLate(failure);
  }

  /** At most `count` such machines at once; an operation that asks for more fails, as a stock-out unless `error` is given. */
  setCapacity(selector: Selector, count: number, error?: OperationError): void {
    this.#capacity.setCapacity(selector, count, error);
  }

  /** More than that is refused at once (403), or by the operation. */
  setQuota(region: string, metric: QuotaMetric, limit: number, refused?: 'request' | 'operation'): void {
    this.#capacity.setQuota(region, metric, limit, refused);
  }

  /** Limits and use of the metrics that are modelled, as `regions.get` shows them. */
  quotas(region: string) {
    return this.#capacity.quotas(region, this.#power.holding());
  }

  /** Whether a disk type that its machine type cannot take is refused at once (400, as it is unless told), or by the operation. */
  refuseMisfits(refused: 'request' | 'operation'): void {
    this.#capacity.misfitsRefused = refused;
  }

  /** What a suspended VM is after a resume that found no room: `SUSPENDED`, as it is unless told, or `TERMINATED`. */
  leaveAfterFailedResume(status: 'SUSPENDED' | 'TERMINATED'): void {
    this.#power.failedResumeLeaves = status;
  }

  /** Takes back all failures, capacities and quotas. */
  recover(): void {
    this.#capacity.recover();
    this.#forbidsGuestAttributes = false;
  }

  instances(): Instance[] {
    return this.#machines.all();
  }

  get(zone: string, name: string): Instance {
    if (!this.#machines.find(zone, name) && !this.catalog.hasZone(zone)) throw notFound(`zones/${zone}`);
    return this.#machines.get(zone, name);
  }

  operation(zone: string, name: string): Operation {
    return this.#operations.get(zone, name);
  }

  operations(zone: string): Operation[] {
    return this.#operations.inZone(zone);
  }

  template(name: string, region: string | undefined): Template {
    const found = this.templates.find((template) => template.name === name && template.region === region);
    if (!found) throw notFound(`${region ? `regions/${region}` : 'global'}/instanceTemplates/${name}`);
    return found;
  }

  /** The same request id gives the first request's operation again, whatever the body. */
  insert(call: InsertCall): Operation {
    const {zone, requestId, template} = call;
    checkRequestId(requestId);
    const repeated = this.#operations.repeated(zone, requestId, 'insert');
    if (repeated) return repeated;
    checkInsert(call, this.catalog);
    const source = this.template(template.name, template.region);
    const instance = instanceOf(call, source, this.catalog, {nowMs: this.scheduler.now(), id: this.#id()});
    if (this.#machines.find(zone, instance.name)) {
      const path = `projects/p/zones/${zone}/instances/${instance.name}`;
      throw new ApiError(409, 'alreadyExists', `The resource '${path}' already exists`);
    }
    return this.#power.create(instance, requestId);
  }

  delete(zone: string, name: string, requestId?: string): Operation {
    return this.#request(zone, requestId, 'delete', () => this.#power.delete(this.get(zone, name), requestId));
  }

  /** Refused (400 resourceNotReady) where the instance's status does not allow it. */
  power(action: PowerAction, zone: string, name: string, requestId?: string): Operation {
    return this.#request(zone, requestId, action, () => {
      const instance = this.get(zone, name);
      if (action === 'start' || action === 'resume') return this.#power.start(action, instance, requestId);
      return this.#power[action](instance, requestId);
    });
  }

  setLabels(zone: string, name: string, labels: Record<string, string>, requestId?: string): Operation {
    return this.#request(zone, requestId, 'setLabels', () => {
      const instance = this.get(zone, name);
      checkLabels(labels);
      instance.labels = labels;
      const latencyMs = this.#power.latencies.setLabels;
      return this.#operations.begin({operationType: 'setLabels', instance, requestId, latencyMs, finish: () => []});
    });
  }

  /** Not while it is suspended: nobody has said that a suspended VM takes it. */
  setMetadata(zone: string, name: string, items: readonly MetadataItem[], requestId?: string): Operation {
    return this.#request(zone, requestId, 'setMetadata', () => {
      const instance = this.get(zone, name);
      checkMetadata(items);
      if (/^SUSPEND/.test(instance.status)) throw notReady(instance);
      instance.metadata = items;
      this.#machines.announce('metadata', instance);
      const latencyMs = this.#power.latencies.setMetadata;
      return this.#operations.begin({operationType: 'setMetadata', instance, requestId, latencyMs, finish: () => []});
    });
  }

  /** Enforces the organisation policy `constraints/compute.disableGuestAttributesAccess`: no guest attribute is written or read. */
  forbidGuestAttributes(): void {
    this.#forbidsGuestAttributes = true;
  }

  get forbidsGuestAttributes(): boolean {
    return this.#forbidsGuestAttributes;
  }

  /** The guest tells something of itself, by `<namespace>/<key>`: in vain unless its metadata has `enable-guest-attributes`. */
  tell(instance: Instance, path: string, value: string): void {
    const enabled = instance.metadata.find(({key}) => key === 'enable-guest-attributes')?.value;
    if (instance.status !== 'RUNNING' || enabled?.toUpperCase() !== 'TRUE' || this.#forbidsGuestAttributes) return;
    instance.guestAttributes = new Map([...(instance.guestAttributes ?? []), [path, value]]);
  }

  /** The guest writes to its serial port. */
  print(instance: Instance, text: string): void {
    instance.printed = (instance.printed ?? '') + text;
  }

  /** The guest shuts down: an instance stays as TERMINATED until somebody deletes it. */
  powerOff(instance: Instance): void {
    this.#power.powerOff(instance);
  }

  /** Compute Engine takes a spot VM back, also while it is being created. */
  preempt(instance: Instance, how?: Preemption): void {
    this.#power.preempt(instance, how);
  }

  /** The machine under a running VM breaks. */
  failHost(instance: Instance): void {
    this.#power.failHost(instance);
  }

  statistics(): ComputeStatistics {
    return this.#machines.statistics();
  }

  #request(zone: string, requestId: string | undefined, type: string, accept: () => Operation): Operation {
    checkRequestId(requestId);
    return this.#operations.repeated(zone, requestId, type) ?? accept();
  }

  #id(): string {
    return String(Math.floor(this.#random.next() * 9e15) + 1e15);
  }
}
