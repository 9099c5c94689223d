import type {Preemption} from '../machines';
import type {Capacity} from './capacity';
import {type ComputeLatencies, latencyOf} from './latencies';
import type {Machines} from './machines';
import type {Operations} from './operations';
import {
  type Instance,
  isSpot,
  notReady,
  type Operation,
  type OperationError,
  type Status,
  unsupported,
} from './resources';
import {suspendRefusal} from './suspension';

/** How long an instance is prepared once it has its resources. */
const STAGING_MS = 1_000;
/** A suspended VM is stopped after so long. @see https://cloud.google.com/compute/docs/instances/suspend-resume-instance */
const MOST_SUSPENDED_MS = 60 * 24 * 3_600_000;
const SYSTEM = {user: 'system'} as const;
const HOLDING: readonly Status[] = ['PROVISIONING', 'STAGING', 'RUNNING', 'STOPPING', 'SUSPENDING', 'REPAIRING'];
const CANCELED = {code: 'OPERATION_CANCELED_BY_USER', message: 'Operation was canceled by user.'};
const PREEMPTED = {code: 'UNSUPPORTED_OPERATION', message: 'Instance was preempted while it was being created.'};

interface TakeDown {
  readonly operationType: string;
  readonly latencyMs: number;
  readonly requestId?: string | undefined;
  readonly user?: 'system';
}

/** How instances come up and go down. @see https://cloud.google.com/compute/docs/instances/instance-lifecycle */
export class Power {
  readonly #removing = new WeakSet<Instance>();
  readonly #preempted = new WeakSet<Instance>();
  /** What a suspended VM is after a resume that found no room: both are seen. */
  failedResumeLeaves: 'SUSPENDED' | 'TERMINATED' = 'SUSPENDED';
  /** Accepted, and sure to fail: they hold no capacity. */
  readonly #doomed = new WeakSet<Instance>();

  constructor(
    private readonly machines: Machines,
    private readonly operations: Operations,
    private readonly capacity: Capacity,
    readonly latencies: ComputeLatencies,
    private readonly later: (ms: number, action: () => void) => void,
  ) {}

  isGoing(instance: Instance): boolean {
    return this.#removing.has(instance);
  }

  create(instance: Instance, requestId: string | undefined): Operation {
    const failure = this.#room(instance);
    this.machines.add(instance);
    this.machines.announce('accepted', instance);
    return this.#comeUp('insert', instance, requestId, failure);
  }

  /** From TERMINATED by `start`, from SUSPENDED by `resume`. Without room there it falls back to where it was. */
  start(operationType: 'start' | 'resume', instance: Instance, requestId?: string): Operation {
    const from = operationType === 'start' ? 'TERMINATED' : 'SUSPENDED';
    if (operationType === 'start' && instance.status === 'RUNNING') return this.#nothing('start', instance, requestId);
    if (instance.status !== from || this.isGoing(instance)) throw notReady(instance);
    const failure = this.#room(instance);
    instance.status = 'PROVISIONING';
    return this.#comeUp(
      operationType,
      instance,
      requestId,
      failure,
      operationType === 'start' ? from : this.failedResumeLeaves,
    );
  }

  stop(instance: Instance, requestId?: string): Operation {
    if (instance.status === 'TERMINATED') return this.#nothing('stop', instance, requestId);
    if (this.isGoing(instance) || (instance.status !== 'RUNNING' && instance.status !== 'SUSPENDED')) {
      throw notReady(instance);
    }
    return this.#stop(instance, {operationType: 'stop', latencyMs: this.latencies.stop, requestId});
  }

  suspend(instance: Instance, requestId?: string): Operation {
    const refusal = suspendRefusal(instance);
    if (refusal) throw unsupported(refusal);
    if (this.isGoing(instance)) throw notReady(instance);
    this.machines.leave(instance, 'SUSPENDING');
    this.machines.announce('suspending', instance);
    const request = {operationType: 'suspend', instance, requestId, latencyMs: this.latencies.suspend};
    return this.operations.begin({
      ...request,
      finish: () => {
        if (instance.status !== 'SUSPENDING' || this.isGoing(instance)) return [];
        this.machines.rest(instance, 'SUSPENDED');
        const since = instance.suspendedAtMs;
        this.later(MOST_SUSPENDED_MS, () => {
          const isStill = instance.status === 'SUSPENDED' && instance.suspendedAtMs === since;
          if (isStill && this.machines.has(instance)) this.machines.rest(instance, 'TERMINATED');
        });
        return [];
      },
    });
  }

  reset(instance: Instance, requestId?: string): Operation {
    if (instance.status !== 'RUNNING') throw notReady(instance);
    this.machines.leave(instance, 'RUNNING');
    this.machines.announce('reset', instance);
    this.machines.run(instance);
    return this.#nothing('reset', instance, requestId, this.latencies.reset);
  }

  delete(instance: Instance, requestId?: string): Operation {
    return this.#delete(instance, {operationType: 'delete', latencyMs: this.latencies.delete, requestId});
  }

  /** The guest shuts down: an instance stays as TERMINATED until somebody deletes it. */
  powerOff(instance: Instance): void {
    if (instance.status === 'RUNNING') this.machines.rest(instance, 'TERMINATED');
  }

  /** Compute Engine takes a spot VM back. The operation is there from the notice on. */
  preempt(instance: Instance, {isHeeded = false}: Preemption = {}): void {
    if (!isSpot(instance)) throw new Error(`found ${instance.name}, a standard VM; expected a spot VM to preempt`);
    if (this.isGoing(instance) || !['PROVISIONING', 'STAGING', 'RUNNING'].includes(instance.status)) return;
    this.#preempted.add(instance);
    this.machines.leave(instance, 'STOPPING');
    if (isHeeded) this.machines.announce('notice', instance);
    this.machines.announce('preempted', instance);
    this.#end(instance, 'compute.instances.preempted', this.latencies.preempt);
  }

  expire(instance: Instance): void {
    this.machines.announce('expired', instance);
    const deletes = instance.scheduling['instanceTerminationAction'] === 'DELETE';
    this.#end(instance, deletes ? 'delete' : 'stop', deletes ? this.latencies.delete : this.latencies.stop);
  }

  /** The machine under a running VM breaks: it restarts elsewhere, or stays off, by `automaticRestart`. */
  failHost(instance: Instance): void {
    if (instance.status !== 'RUNNING') return;
    this.machines.leave(instance, 'REPAIRING');
    this.machines.announce('host_error', instance);
    const finish = () => {
      if (instance.status !== 'REPAIRING') return [];
      if (instance.scheduling['automaticRestart'] === true) this.machines.run(instance);
      else this.machines.rest(instance, 'TERMINATED');
      return [];
    };
    const latencyMs = this.latencies.hostError;
    this.operations.begin({operationType: 'compute.instances.hostError', instance, latencyMs, ...SYSTEM, finish});
  }

  /** As the instance's termination action says. */
  #end(instance: Instance, operationType: string, latencyMs: number): void {
    const how = {operationType, latencyMs, ...SYSTEM};
    if (instance.scheduling['instanceTerminationAction'] === 'DELETE') this.#delete(instance, how);
    else this.#stop(instance, how);
  }

  #delete(instance: Instance, how: TakeDown): Operation {
    this.machines.leave(instance, 'STOPPING');
    this.#removing.add(instance);
    this.machines.announce('deleting', instance);
    const finish = () => {
      if (this.machines.has(instance)) {
        this.machines.remove(instance);
        this.machines.announce('deleted', instance);
      }
      return [];
    };
    return this.operations.begin({...how, instance, finish});
  }

  #stop(instance: Instance, how: TakeDown): Operation {
    this.machines.leave(instance, 'STOPPING');
    this.machines.announce('stopping', instance);
    const finish = () => {
      if (instance.status === 'STOPPING' && !this.isGoing(instance)) this.machines.rest(instance, 'TERMINATED');
      return [];
    };
    return this.operations.begin({...how, instance, finish});
  }

  #comeUp(
    operationType: 'insert' | 'start' | 'resume',
    instance: Instance,
    requestId: string | undefined,
    failure: OperationError | undefined,
    fallBack?: 'TERMINATED' | 'SUSPENDED',
  ): Operation {
    const latencyMs = latencyOf(this.latencies[operationType], instance);
    // STAGING means that the resources are there: what has no room is never seen in it.
    if (!failure) {
      this.later(Math.max(0, latencyMs - STAGING_MS), () => {
        if (instance.status === 'PROVISIONING') instance.status = 'STAGING';
      });
    }
    const finish = (): readonly OperationError[] => {
      this.#doomed.delete(instance);
      if (!this.machines.has(instance)) return [failure ?? this.#interruption(instance)];
      if (failure && fallBack) {
        if (!this.isGoing(instance)) this.machines.leave(instance, fallBack);
        if (fallBack === 'TERMINATED' && operationType === 'resume') this.machines.announce('terminated', instance);
      } else if (failure) {
        this.machines.remove(instance);
        this.machines.announce('failed', instance);
      } else if (instance.status === 'STAGING' || instance.status === 'PROVISIONING') {
        this.machines.run(instance);
      } else {
        return [this.#interruption(instance)];
      }
      return failure ? [failure] : [];
    };
    return this.operations.begin({operationType, instance, requestId, latencyMs, finish});
  }

  #interruption(instance: Instance): OperationError {
    return this.#preempted.has(instance) ? PREEMPTED : CANCELED;
  }

  /** The instances that count against capacities and quotas. */
  holding(): Instance[] {
    return this.machines.all().filter((other) => HOLDING.includes(other.status) && !this.#doomed.has(other));
  }

  #room(instance: Instance): OperationError | undefined {
    const failure = this.capacity.check(instance, () => this.holding());
    if (failure) this.#doomed.add(instance);
    return failure;
  }

  #nothing(operationType: string, instance: Instance, requestId: string | undefined, latencyMs = 0): Operation {
    return this.operations.begin({operationType, instance, requestId, latencyMs, finish: () => []});
  }
}
