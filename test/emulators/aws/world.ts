import type {
  EmulatedMachine,
  GivenMachine,
  MachineEvent,
  MachineEventKind,
  MachineWorld,
  Preemption,
} from '../machines';
import type {Scheduler} from '../scheduler';
import {AwsRefusal, type InstanceRequest, newId, notFound, type State} from './instances';
import {REGION, SUBNETS, subnetNamed} from './places';
import {variablesIn} from './user-data';

/** An instance as EC2 knows it, which is also a machine as a person beside it sees it. */
export interface AwsInstance extends EmulatedMachine {
  readonly id: string;
  readonly region: string;
  readonly subnet: string;
  readonly instanceType: string;
  readonly clientToken: string;
  readonly userData: string;
  readonly shutdownBehavior: string;
  readonly tags: Record<string, string>;
  readonly createdAtMs: number;
  /** From then on lists show it. */
  readonly visibleAtMs: number;
  state: State;
  /** When it was terminated; undefined until then. */
  endedAtMs?: number;
  /** `Server.SpotInstanceTermination`; empty while it runs. */
  stateReason: string;
}

export interface LaunchTemplateData {
  readonly name: string;
  readonly id: string;
  readonly shutdownBehavior?: string;
  /** The disk that it names; undefined: it leaves it to the image. */
  readonly disk?: {readonly device: string; readonly sizeGb: number; readonly type: string};
}

type AwsEvent = MachineEvent & {readonly machine: AwsInstance};

export interface AwsWorldOptions {
  readonly scheduler: Scheduler;
  readonly region?: string;
  /** From an accepted request to a machine that runs. */
  readonly startMs?: number;
  /** From an accepted termination to a machine that is gone. */
  readonly deleteMs?: number;
  /** From an accepted request until lists show the instance. */
  readonly unseenMs?: () => number;
  /** Whether there is room is asked before the client token is looked up: AWS does not promise the order. */
  readonly asksRoomFirst?: boolean;
}

/** Nobody's pool names it. */
const ELSEWHERE = 'subnet-e';

/** From the notice of a spot interruption to its end. */
const NOTICE_MS = 120_000;
/** Ended instances are shown for an hour. */
const SHOWN_MS = 3_600_000;
/** A request that was on its way when the instance ended has arrived by then. */
const LONG_AGO_MS = 5 * 60_000;
const VCPUS = 4;
const DEFAULT_UNSEEN_MS = 2_000;

type Kept = {-readonly [Key in keyof AwsInstance]: AwsInstance[Key]} & {cancelEnd?: () => void; isNoticed?: true};

/** EC2 of one account in its regions, which have the same subnets: instances in subnets, with client tokens, spot interruptions and the hour in which what has ended is still shown. */
export class AwsWorld implements MachineWorld {
  readonly templates: LaunchTemplateData[] = [{name: 'runner', id: 'lt-0a1b2c3d', shutdownBehavior: 'terminate'}];
  readonly region: string;
  /** What the role may not do: `ec2:RunInstances`, or that with a subnet or an instance type, `ec2:RunInstances m7g.large`. */
  readonly denied = new Set<string>();
  /** What instances wrote to their consoles, by id. */
  readonly consoles = new Map<string, string>();
  /** Of each subnet. */
  freeAddresses = 250;
  readonly #instances = new Map<string, Kept>();
  /** By zone and token: what was asked for, and what came of it. */
  readonly #tokens = new Map<string, {readonly fingerprint: string; readonly id: string}>();
  readonly #observers: ((event: AwsEvent) => void)[] = [];
  /** Requests to end what has ended long ago: who asks takes it for a machine. */
  readonly endedAgain: string[] = [];
  readonly #counts = new Map<string, number>();
  readonly #full = new Set<string>();
  readonly #down = new Set<string>();
  #mostVcpus = Number.POSITIVE_INFINITY;
  #failing = 0;
  #ids = 0;

  readonly faults = {
    failLate: ({times}: {readonly times: number}) => {
      this.#failing += times;
    },
    stockOut: (zone: string) => void this.#full.add(subnetNamed(zone)),
    quota: (vcpus: number) => {
      this.#mostVcpus = vcpus;
    },
    /** A region's API has no lists by zone: what a zone that is down holds is shown all the same. */
    placeDown: (zone: string) => void this.#down.add(subnetNamed(zone)),
    recover: () => {
      this.#full.clear();
      this.#down.clear();
      this.#mostVcpus = Number.POSITIVE_INFINITY;
      this.#failing = 0;
    },
  };

  constructor(private readonly options: AwsWorldOptions) {
    this.region = options.region ?? REGION;
  }

  observe(observer: (event: AwsEvent) => void): void {
    this.#observers.push(observer);
  }

  /** Those that have not ended. */
  machines(): AwsInstance[] {
    return this.instances().filter(({state}) => state !== 'terminated');
  }

  /** Every one that EC2 still shows, and those that it does not show yet. */
  instances(): AwsInstance[] {
    return [...this.#instances.values()];
  }

  /** As a list of the region shows them now. */
  shown(inRegion: string): AwsInstance[] {
    const now = this.options.scheduler.now();
    return this.instances().filter(({visibleAtMs, region}) => visibleAtMs <= now && region === inRegion);
  }

  created(): number {
    return this.#counts.get('accepted') ?? 0;
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Repeated with its client token in the same zone, it gives the instance that it made before. @throws AwsRefusal */
  run(request: InstanceRequest): AwsInstance {
    const {region, subnet, clientToken, fingerprint} = request;
    const key = `${region}|${subnet}|${clientToken}`;
    const before = this.#tokens.get(key);
    if (before) {
      const instance = this.#instances.get(before.id);
      if (this.options.asksRoomFirst) this.#checkRoom(request);
      if (before.fingerprint === fingerprint && instance) return instance;
      const message = 'The client token you have provided is associated with a resource that has other parameters.';
      throw new AwsRefusal(400, 'IdempotentParameterMismatch', message);
    }
    this.#checkRoom(request);
    const instance = this.#make(request);
    this.#tokens.set(key, {fingerprint, id: instance.id});
    return instance;
  }

  /** @throws AwsRefusal */
  #checkRoom({subnet, isSpot}: InstanceRequest): void {
    if (![...SUBNETS, ELSEWHERE].includes(subnet)) throw notFound('Subnet', subnet);
    if (this.#full.has(subnet) || this.#down.has(subnet)) {
      const message = `We currently do not have sufficient capacity in the Availability Zone you requested (${this.region}${subnet.slice(-1)}).`;
      throw new AwsRefusal(500, 'InsufficientInstanceCapacity', message);
    }
    const busy = this.machines().filter(({pool, state}) => pool !== undefined && state !== 'stopped').length;
    if ((busy + 1) * VCPUS <= this.#mostVcpus) return;
    if (isSpot) throw new AwsRefusal(400, 'MaxSpotInstanceCountExceeded', 'Max spot instance count exceeded');
    const message = `You have requested more vCPU capacity than your current vCPU limit of ${this.#mostVcpus} allows.`;
    throw new AwsRefusal(400, 'VcpuLimitExceeded', message);
  }

  #make(request: InstanceRequest): AwsInstance {
    const {scheduler, unseenMs = () => DEFAULT_UNSEEN_MS, startMs = 6_000} = this.options;
    const isDoomed = this.#failing > 0;
    if (isDoomed) this.#failing -= 1;
    const instance = this.#place({...request, state: 'pending', visibleAtMs: scheduler.now() + unseenMs()});
    this.#announce('accepted', instance);
    const start = () => {
      if (instance.state !== 'pending') return;
      if (isDoomed) this.#end(instance, 'failed', 'Server.InsufficientInstanceCapacity');
      else this.#run(instance);
    };
    if (startMs === 0) start();
    else this.#later(startMs, start);
    return instance;
  }

  /** @throws AwsRefusal when lists of the region do not show it. */
  terminate(id: string, region = this.region): AwsInstance {
    const instance = this.#instances.get(id);
    const now = this.options.scheduler.now();
    if (instance?.region !== region || instance.visibleAtMs > now) throw notFound('Instance', id);
    if (now - (instance.endedAtMs ?? now) > LONG_AGO_MS) this.endedAgain.push(`${instance.name} ended long ago`);
    if (instance.state === 'terminated' || instance.state === 'shutting-down') return instance;
    this.#leave(instance, 'Client.UserInitiatedShutdown');
    this.#announce('deleting', instance);
    this.#endLater(instance);
    return instance;
  }

  add({name, deployment, pool, kept, isElsewhere = false, isRunning = false, jitConfig}: GivenMachine): AwsInstance {
    const userData = jitConfig === undefined ? '' : `#!/bin/bash\nSLIPWAY_JITCONFIG='${jitConfig}'\n`;
    const instance = this.#place({
      ...{region: this.region, subnet: isElsewhere ? ELSEWHERE : SUBNETS[0], instanceType: 'm7i.xlarge', isSpot: false},
      ...{clientToken: '', shutdownBehavior: 'stop', state: 'stopped', visibleAtMs: this.options.scheduler.now()},
      userData: Buffer.from(userData).toString('base64'),
      tags: {
        Name: name,
        ...(deployment === undefined ? {} : {'slipway-deployment': deployment}),
        ...(pool === undefined ? {} : {'slipway-pool': pool}),
        ...(kept === undefined ? {} : {'slipway-keep': kept}),
      },
    });
    if (isRunning) this.#run(instance);
    return instance;
  }

  powerOff(machine: EmulatedMachine): void {
    const own = this.#own(machine);
    if (own?.state !== 'running' || own.isNoticed) return;
    const isOver = own.shutdownBehavior === 'terminate';
    if (isOver) this.#endByItself(own, 'terminated', 'Client.InstanceInitiatedShutdown');
    else {
      own.state = 'stopped';
      this.#announce('terminated', own);
    }
  }

  /** A guest that heeds the notice waits for its end: EC2 says why it took the instance back when it does, and not before. */
  preempt(machine: EmulatedMachine, {isHeeded = false}: Preemption = {}): void {
    const own = this.#own(machine);
    if (!own?.isSpot || own.state === 'shutting-down' || own.isNoticed) return;
    const end = () => this.#endByItself(own, 'preempted', 'Server.SpotInstanceTermination');
    if (!isHeeded) {
      end();
      return;
    }
    own.isNoticed = true;
    this.#later(NOTICE_MS, () => own.state === 'running' && end());
    this.#announce('notice', own);
  }

  failHost(machine: EmulatedMachine): void {
    const own = this.#own(machine);
    if (own?.state !== 'running') return;
    own.state = 'stopped';
    own.cancelEnd?.();
    own.stateReason = 'Server.ScheduledStop';
    this.#announce('host_error', own);
  }

  #place(
    given: Pick<
      Kept,
      'region' | 'subnet' | 'instanceType' | 'isSpot' | 'clientToken' | 'userData' | 'shutdownBehavior'
    > &
      Pick<Kept, 'state' | 'visibleAtMs'> & {readonly tags: Readonly<Record<string, string>>},
  ): Kept {
    const {region, subnet, instanceType, isSpot, clientToken, userData, shutdownBehavior, state, visibleAtMs} = given;
    const tags = {...given.tags};
    const machine: Kept = {
      ...{region, subnet, instanceType, isSpot, clientToken, userData, shutdownBehavior, state, visibleAtMs, tags},
      id: newId('i', ++this.#ids),
      name: tags['Name'] ?? '',
      place: `${region}/${subnet}`,
      pool: tags['slipway-pool'],
      job: tags['slipway-job'],
      jitConfig: variablesIn(userData)['SLIPWAY_JITCONFIG'],
      createdAtMs: this.options.scheduler.now(),
      startedAtMs: undefined,
      stateReason: '',
      get isRunning() {
        return this.state === 'running';
      },
      get status() {
        return this.state;
      },
    };
    this.#instances.set(machine.id, machine);
    return machine;
  }

  /** The guest's own timer ends it. */
  #run(instance: Kept): void {
    instance.state = 'running';
    instance.startedAtMs = this.options.scheduler.now();
    const seconds = Number(variablesIn(instance.userData)['SLIPWAY_LIFE_SECONDS']);
    if (seconds > 0) {
      instance.cancelEnd = this.#later(seconds * 1000, () => {
        this.#endByItself(instance, 'expired', 'Client.InstanceInitiatedShutdown');
      });
    }
    this.#announce('running', instance);
  }

  #leave(instance: Kept, reason: string): void {
    instance.cancelEnd?.();
    instance.state = 'shutting-down';
    instance.stateReason = reason;
  }

  #endLater(instance: Kept): void {
    this.#later(this.options.deleteMs ?? 4_000, () => this.#end(instance, 'deleted', instance.stateReason));
  }

  /** From then on it is on its way out, and is no machine to anybody: as if its deletion had been accepted. */
  #endByItself(instance: Kept, kind: MachineEventKind, reason: string): void {
    this.#announce(kind, instance);
    this.#leave(instance, reason);
    this.#announce('deleted', instance);
    this.#later(this.options.deleteMs ?? 4_000, () => this.#end(instance, undefined, reason));
  }

  #end(instance: Kept, kind: 'failed' | 'deleted' | undefined, reason: string): void {
    if (instance.state === 'terminated') return;
    this.#leave(instance, reason);
    instance.state = 'terminated';
    instance.endedAtMs = this.options.scheduler.now();
    if (kind) this.#announce(kind, instance);
    this.#later(SHOWN_MS, () => this.#instances.delete(instance.id));
  }

  #own(given: EmulatedMachine): Kept | undefined {
    return [...this.#instances.values()].find((instance) => instance === given);
  }

  #announce(kind: MachineEventKind, machine: AwsInstance): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    for (const observer of this.#observers) observer({kind, machine});
  }

  #later(ms: number, action: () => void): () => void {
    const {scheduler} = this.options;
    return scheduler.at(scheduler.now() + ms, action);
  }
}
