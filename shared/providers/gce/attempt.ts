import type {Clock} from '../../clock';
import {DEPLOYMENT_LABEL, JOB_LABEL} from '../../model/names';
import {isDown, isGoingDown, isStarting} from '../provider';
import {requestId} from './client/body';
import type {Compute, InsertRequest, Instance, InstanceStatus, ZoneOperation} from './client/compute';
import {ComputeFailure, classifyOperation} from './client/errors';
import {awaitOperation, POLL_MS, Waiting} from './wait';

/** Seconds that one insert may take until it is called uncertain. */
const CREATE_BUDGET_SECONDS = 120;

/** Seconds until what a failed insert left behind has to be gone. */
const REMOVE_BUDGET_SECONDS = 30;

/** `failed`: refused, and confirmed that no VM is there. `uncertain`: there may be one. */
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
 * One placement: inserts the VM and stays until it is known what came of it. "Uncertain" is not "failed": after a lost answer it looks, and
 * repeats the very same request at most once, under the same request id.
 */
export async function attemptInsert(options: AttemptOptions): Promise<Attempt> {
  const attempt = new InsertAttempt(options);
  try {
    const first = await attempt.insert();
    if (first.kind !== 'insert_again') return first;
    return uncertainUnlessSettled(await attempt.insert());
  } catch (error) {
    // Whatever Compute Engine refused after the insert, e.g. to say whether the VM is there: nobody knows.
    if (error instanceof ComputeFailure) return {kind: 'uncertain', message: error.message};
    throw error;
  }
}

/** A rate limit on the repetition says nothing of the first request, which may still arrive. */
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
      // Refused out of hand, nothing was made; and who may not insert may not look either.
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

  /** The name is in use: by a second dispatch of this work, by an older VM that is on its way out, or by a stranger. */
  async #settleConflict({message}: ComputeFailure): Promise<Step> {
    const instance = await this.#look();
    if (!instance || !this.#isOurs(instance) || isLeaving(instance.status)) return {kind: 'name_taken', message};
    const step = await this.#awaitStarted();
    return step === 'gone' ? {kind: 'name_taken', message} : step;
  }

  /** The answer to the insert was lost. */
  // mutation: settle uncertain insert
  async #settleUncertain({message}: ComputeFailure): Promise<Step> {
    const instance = await this.#look();
    if (instance && !this.#isOurs(instance)) return {kind: 'name_taken', message};
    const step = instance ? await this.#awaitStarted() : 'gone';
    // The same request again: it is made if it never arrived, and if it failed meanwhile, this says why.
    return step === 'gone' ? {kind: 'insert_again', because: message} : step;
  }

  async #awaitStarted(): Promise<Attempt | 'gone'> {
    const waiting = this.#waiting(CREATE_BUDGET_SECONDS);
    for (; !waiting.isOver; await waiting.pause(POLL_MS)) {
      const instance = await this.#look();
      if (!instance) return 'gone';
      if (!isStarting(instance.status) && !isLeaving(instance.status)) return {kind: 'created'};
    }
    return {
      kind: 'uncertain',
      message: `${this.#name} in ${this.#zone} did not start within ${CREATE_BUDGET_SECONDS} s`,
    };
  }

  async #lookOnce(failure: ComputeFailure): Promise<Attempt> {
    const instance = await this.#look();
    if (instance && this.#isOurs(instance) && !isStarting(instance.status) && !isLeaving(instance.status))
      return {kind: 'created'};
    return {kind: 'uncertain', message: failure.message};
  }

  /** Two zones must never hold the same name: a VM that flashes up and vanishes has to be gone before the next placement is tried. */
  async #confirmAbsent(failure: ComputeFailure): Promise<Attempt> {
    const waiting = this.#waiting(REMOVE_BUDGET_SECONDS);
    let deleted = false;
    for (; !waiting.isOver; await waiting.pause(POLL_MS)) {
      const instance = await this.#look();
      if (!instance) return {kind: 'failed', failure};
      if (!this.#isOurs(instance)) return {kind: 'name_taken', message: failure.message};
      if (!deleted && !isLeaving(instance.status)) {
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

  #waiting(seconds: number): Waiting {
    return new Waiting(this.options.clock, seconds, this.options.onWaiting);
  }
}

/** On its way out; an ephemeral VM that has ended never runs again. */
function isLeaving(status: InstanceStatus): boolean {
  return isGoingDown(status) || isDown(status);
}
