import type {Clock} from '../../clock';
import {DEPLOYMENT_LABEL, JOB_LABEL} from '../../model/names';
import {isStarting, isStopped, isStopping} from '../persistent-vm';
import {POLL_MS, PollBudget} from '../poll-budget';
import {requestId} from './client/body';
import type {Compute, InsertRequest, Instance, InstanceStatus, ZoneOperation} from './client/compute';
import {ComputeFailure, classifyOperation} from './client/errors';
import {awaitOperation} from './wait';

/** Seconds after which an insert is reported as uncertain. */
const CREATE_BUDGET_SECONDS = 120;

/** Seconds in which the remains of a failed insert must disappear. */
const REMOVE_BUDGET_SECONDS = 30;

/** `failed`: refused, and no VM exists. `uncertain`: a VM may exist. */
export type Attempt =
  | {readonly kind: 'created'}
  | {readonly kind: 'failed'; readonly failure: ComputeFailure}
  | {readonly kind: 'name_taken'; readonly message: string}
  | {readonly kind: 'uncertain'; readonly message: string};

type Step = Attempt | {readonly kind: 'insert_again'; readonly because: string};

export interface AttemptOptions {
  readonly compute: Compute;
  readonly clock: Clock;
  readonly insert: InsertRequest;
  readonly onWaiting?: (() => Promise<void>) | undefined;
}

/**
 * Inserts the VM at one placement and waits until the result is known. After a lost answer it looks for the VM, and repeats the same
 * request at most once, with the same request id.
 */
export async function attemptInsert(options: AttemptOptions): Promise<Attempt> {
  const attempt = new InsertAttempt(options);
  try {
    const first = await attempt.insert();
    if (first.kind !== 'insert_again') return first;
    return uncertainUnlessSettled(await attempt.insert());
  } catch (error) {
    // Compute Engine refused a call after the insert, such as the look for the VM: the result is unknown.
    if (error instanceof ComputeFailure) return {kind: 'uncertain', message: error.message};
    throw error;
  }
}

/** A rate limit on the repeated request says nothing about the first request, which may still arrive. */
function uncertainUnlessSettled(second: Step): Attempt {
  if (second.kind === 'insert_again') return {kind: 'uncertain', message: second.because};
  if (second.kind === 'failed' && second.failure.failureClass === 'rate') {
    return {kind: 'uncertain', message: second.failure.message};
  }
  return second;
}

class InsertAttempt {
  readonly #compute: Compute;
  readonly #insert: InsertRequest;
  readonly #name: string;
  readonly #zone: string;

  constructor(private readonly options: AttemptOptions) {
    this.#compute = options.compute;
    this.#insert = options.insert;
    this.#name = options.insert.body.name;
    this.#zone = options.insert.zone;
  }

  async insert(): Promise<Step> {
    let operation: ZoneOperation;
    try {
      operation = await this.#compute.insertInstance(this.#insert);
    } catch (error) {
      if (!(error instanceof ComputeFailure)) throw error;
      // Rejected before anything was created; without permission to insert, a get would fail too.
      const refused = /^(quota|rate|invalid|denied)$/.test(error.failureClass);
      return refused ? {kind: 'failed', failure: error} : this.#settle(error);
    }
    // mutation: await insert
    return this.#awaitOperation(operation);
  }

  async #awaitOperation(operation: ZoneOperation): Promise<Step> {
    const {compute, clock} = this.options;
    const end = await awaitOperation(compute, clock, operation, this.#waiting(CREATE_BUDGET_SECONDS));
    if (end.kind === 'done') return {kind: 'created'};
    if (end.kind === 'failed') {
      const {failureClass, code, message} = classifyOperation(end.errors);
      const what = `insert instance ${this.#name} in ${this.#zone}`;
      const failure = new ComputeFailure(failureClass, code, `${what}: the operation failed, ${code}: ${message}`);
      return failureClass === 'uncertain' ? this.#lookOnce(failure) : this.#settle(failure);
    }
    return {
      kind: 'uncertain',
      message: `${this.#name} in ${this.#zone} was not made within ${CREATE_BUDGET_SECONDS} s`,
    };
  }

  #settle(failure: ComputeFailure): Promise<Step> {
    if (failure.failureClass === 'conflict') return this.#settleConflict(failure);
    if (failure.failureClass === 'uncertain') return this.#settleUncertain(failure);
    return this.#confirmAbsent(failure);
  }

  /** Finds out who uses the name: a second dispatch of this task, an older VM that is being deleted, or somebody else. */
  async #settleConflict({message}: ComputeFailure): Promise<Step> {
    const instance = await this.#look();
    if (!instance || !this.#isOurs(instance) || isEnded(instance.status)) return {kind: 'name_taken', message};
    const step = await this.awaitRunning();
    return step === 'gone' ? {kind: 'name_taken', message} : step;
  }

  /** Looks for the VM after the answer to the insert was lost. */
  // mutation: settle uncertain insert
  async #settleUncertain({message}: ComputeFailure): Promise<Step> {
    const instance = await this.#look();
    if (instance && !this.#isOurs(instance)) return {kind: 'name_taken', message};
    const step = instance ? await this.awaitRunning() : 'gone';
    // Sends the same request again: it creates the VM if the first request never arrived, and returns the error if that failed.
    return step === 'gone' ? {kind: 'insert_again', because: message} : step;
  }

  async awaitRunning(): Promise<Attempt | 'gone'> {
    const waiting = this.#waiting(CREATE_BUDGET_SECONDS);
    for (; !waiting.isOver; await waiting.pause(POLL_MS)) {
      const instance = await this.#look();
      if (!instance) return 'gone';
      if (!isStarting(instance.status) && !isEnded(instance.status)) return {kind: 'created'};
    }
    return {
      kind: 'uncertain',
      message: `${this.#name} in ${this.#zone} did not start within ${CREATE_BUDGET_SECONDS} s`,
    };
  }

  async #lookOnce(failure: ComputeFailure): Promise<Attempt> {
    const instance = await this.#look();
    if (instance && this.#isOurs(instance) && !isStarting(instance.status) && !isEnded(instance.status))
      return {kind: 'created'};
    return {kind: 'uncertain', message: failure.message};
  }

  /** Deletes the remains of a failed insert and waits until they have disappeared: two zones must never have a VM of the same name. */
  async #confirmAbsent(failure: ComputeFailure): Promise<Attempt> {
    const waiting = this.#waiting(REMOVE_BUDGET_SECONDS);
    let deleted = false;
    for (; !waiting.isOver; await waiting.pause(POLL_MS)) {
      const instance = await this.#look();
      if (!instance) return {kind: 'failed', failure};
      if (!this.#isOurs(instance)) return {kind: 'name_taken', message: failure.message};
      if (!deleted && !isEnded(instance.status)) {
        const id = requestId('delete', this.#name, this.#zone, instance.creationTimestamp);
        await this.#compute.deleteInstance(this.#zone, this.#name, id);
        deleted = true;
      }
    }
    return {kind: 'uncertain', message: `${failure.message}; what it left behind is still there`};
  }

  #look(): Promise<Instance | undefined> {
    return this.#compute.getInstance(this.#zone, this.#name);
  }

  #isOurs({labels}: Instance): boolean {
    const wanted = this.#insert.body.labels;
    return [DEPLOYMENT_LABEL, JOB_LABEL].every((label) => labels[label] === wanted[label]);
  }

  #waiting(seconds: number): PollBudget {
    return new PollBudget(this.options.clock, seconds, this.options.onWaiting);
  }
}

/** Whether the VM has ended or is ending. An ephemeral VM that has ended never runs again. */
function isEnded(status: InstanceStatus): boolean {
  return isStopping(status) || isStopped(status);
}
