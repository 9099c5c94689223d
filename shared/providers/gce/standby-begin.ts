import type {Clock} from '../../clock';
import {JOB_LABEL, regionOf} from '../../model/names';
import {isRunning, isStarting, isStopped, isStopping} from '../persistent-vm';
import {POLL_MS, PollBudget} from '../poll-budget';
import type {BeginRequest, CreateOutcome} from '../provider';
import {belongsTo, requestId} from './client/body';
import type {Compute, InstanceDetails, ZoneOperation} from './client/compute';
import {ComputeFailure, classifyOperation, secondsToNextMinute} from './client/errors';
import {JIT_CONFIG_KEY} from './client/metadata-keys';
import {awaitOperation} from './wait';

/** Seconds after which a start or resume is reported as uncertain. */
const BEGIN_BUDGET_SECONDS = 120;

/** Seconds in which a change is made anew that was based on what has changed meanwhile, or whose answer was lost: longer than a slow start or resume, in which the VM may take no change. */
const CHANGE_BUDGET_SECONDS = 45;

/** Between two tries while the VM is not ready for the change. */
const PAUSE_MS = 1_000;

/** Seconds in which what a rate limit refused is tried again, from the first time on: the limits of Compute Engine start again each minute. */
const RATE_BUDGET_SECONDS = 70;

/** Longest pause before the caller's lease is renewed. */
const RATE_PAUSE_MS = 20_000;

export interface BeginOptions {
  readonly compute: Compute;
  readonly deployment: string;
  readonly clock: Clock;
  readonly zone: string;
}

/** The machine is not what it has to be: it is gone, was begun for somebody else, or goes down. */
class NotUsable extends Error {}

/**
 * Gives a standby machine its JIT config and starts or resumes it. Safe to repeat. A rate limit is waited for, because it says nothing of the
 * machine, and nobody else may begin it: its name is registered once.
 */
export async function beginStandby(options: BeginOptions, request: BeginRequest): Promise<CreateOutcome> {
  const begin = new StandbyBegin(options, request);
  try {
    return await begin.run();
  } catch (error) {
    if (error instanceof NotUsable) return {kind: 'refused', message: error.message};
    if (error instanceof ComputeFailure) return begin.outcomeOf(error);
    throw error;
  }
}

class StandbyBegin {
  readonly #compute: Compute;
  readonly #clock: Clock;
  readonly #zone: string;
  readonly #name: string;
  /** When the first call was refused by a rate limit. */
  #limitedSince: number | undefined;

  constructor(
    private readonly options: BeginOptions,
    private readonly request: BeginRequest,
  ) {
    this.#compute = options.compute;
    this.#clock = options.clock;
    this.#zone = options.zone;
    this.#name = request.machine.name;
  }

  /**
   * A stopped VM gets its JIT config while it is started. Whether a suspended one takes metadata nobody says, so it is resumed first, and gets
   * the JIT config while it comes up. The guest of either waits for it.
   */
  async run(): Promise<CreateOutcome> {
    const instance = await this.#look();
    if (isStopping(instance.status)) throw this.#notNow(instance);
    if (instance.status === 'SUSPENDED') {
      const operation = await this.#start(instance);
      await this.#giveJitConfig();
      return this.#finish(operation);
    }
    if (!this.#hasJitConfig(instance)) return this.#finish(await this.#giveAndStart(instance));
    return this.#finish(await this.#start(instance));
  }

  /** Both at once: each takes its time until it is accepted. Waits for both, so that nothing goes on after an error. */
  async #giveAndStart(instance: InstanceDetails): Promise<ZoneOperation | undefined> {
    const given = this.#giveJitConfig(instance);
    const started = this.#start(instance);
    await Promise.allSettled([given, started]);
    await given;
    return started;
  }

  async #finish(operation: ZoneOperation | undefined): Promise<CreateOutcome> {
    // The label is for people: a machine without it runs as well.
    const labelled = this.#label().catch((error: unknown) => {
      if (!(error instanceof ComputeFailure || error instanceof NotUsable)) throw error;
    });
    const outcome = await this.#await(operation);
    await labelled;
    return outcome;
  }

  /** Undefined: the VM is on its way already. */
  async #start(known: InstanceDetails, again = ''): Promise<ZoneOperation | undefined> {
    const trying = this.#changeBudget();
    for (let instance = known; ; instance = await this.#look()) {
      const {status, lastStartTimestamp} = instance;
      if (isRunning(status) || isStarting(status)) return undefined;
      if (!isStopped(status)) throw this.#notNow(instance);
      const action = status === 'SUSPENDED' ? 'resume' : 'start';
      const id = requestId('begin', action, this.#name, this.#zone, `${lastStartTimestamp}${again}`);
      try {
        return await this.#withinRate(() => this.#compute.powerInstance(action, this.#zone, this.#name, id));
      } catch (error) {
        await this.#pauseOrThrow(error, trying);
      }
    }
  }

  async #giveJitConfig(known?: InstanceDetails): Promise<void> {
    const item = {key: JIT_CONFIG_KEY, value: this.request.encodedJitConfig.reveal()};
    const trying = this.#changeBudget();
    for (let instance = known ?? (await this.#look()); ; instance = await this.#look()) {
      if (this.#hasJitConfig(instance)) return;
      const metadata = {items: [...(instance.metadata.items ?? []), item]};
      try {
        const change = {metadata, fingerprint: instance.metadataFingerprint};
        await this.#withinRate(() => this.#compute.setMetadata(this.#zone, this.#name, change));
        return;
      } catch (error) {
        await this.#pauseOrThrow(error, trying);
      }
    }
  }

  /** Throws when it is another runner's. */
  #hasJitConfig({metadata: {items = []}}: InstanceDetails): boolean {
    const present = items.find(({key}) => key === JIT_CONFIG_KEY);
    if (!present) return false;
    if (present.value === this.request.encodedJitConfig.reveal()) return true;
    throw new NotUsable(`standby machine ${this.#name} has another runner's JIT config`);
  }

  #changeBudget(): PollBudget {
    return new PollBudget(this.#clock, CHANGE_BUDGET_SECONDS, this.request.onWaiting);
  }

  async #label(): Promise<void> {
    const {labels, labelFingerprint: fingerprint} = await this.#look();
    if (labels[JOB_LABEL] === this.request.job) return;
    const change = {labels: {...labels, [JOB_LABEL]: this.request.job}, fingerprint};
    await this.#compute.setLabels(this.#zone, this.#name, change);
  }

  async #pauseOrThrow(error: unknown, trying: PollBudget): Promise<void> {
    const passes = error instanceof ComputeFailure && /^(conflict|uncertain)$/.test(error.failureClass);
    if (!passes || trying.isOver) throw error;
    await trying.pause(PAUSE_MS);
  }

  /** Makes the call again while a rate limit refuses it, and time is left. */
  async #withinRate<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        // mutation: standby within rate
        if (!(error instanceof ComputeFailure && error.failureClass === 'rate' && (await this.#nextMinute())))
          throw error;
      }
    }
  }

  /** Waits until the limits start again. False: that would take too long. */
  async #nextMinute(): Promise<boolean> {
    const now = this.#clock.now();
    this.#limitedSince ??= now;
    const until = now + secondsToNextMinute(now) * 1000;
    if (until > this.#limitedSince + RATE_BUDGET_SECONDS * 1000) return false;
    const waiting = new PollBudget(this.#clock, RATE_BUDGET_SECONDS, this.request.onWaiting);
    for (let left = until - now; left > 0; left = until - this.#clock.now())
      await waiting.pause(Math.min(left, RATE_PAUSE_MS));
    return true;
  }

  async #await(operation: ZoneOperation | undefined): Promise<CreateOutcome> {
    const waiting = new PollBudget(this.#clock, BEGIN_BUDGET_SECONDS, this.request.onWaiting);
    const created = {kind: 'created', placement: this.request.placement, id: this.#name} as const;
    const what = `begin standby machine ${this.#name} in ${this.#zone}`;
    if (operation) {
      const end = await awaitOperation(this.#compute, this.#clock, operation, waiting);
      if (end.kind === 'done') return created;
      if (end.kind === 'failed') {
        const {failureClass, code, message} = classifyOperation(end.errors);
        // The request that failed is answered with the same operation for ever.
        if (failureClass === 'rate' && (await this.#nextMinute()))
          return this.#await(await this.#start(await this.#look(), ` after ${operation.name}`));
        const text = `${what}: the operation failed, ${code}: ${message}`;
        return this.outcomeOf(new ComputeFailure(failureClass, code, text));
      }
    }
    for (; !waiting.isOver; await waiting.pause(POLL_MS)) {
      const {status} = await this.#look();
      if (isRunning(status)) return created;
      if (isStopped(status))
        return this.outcomeOf(new ComputeFailure('zone_full', status, `${what}: it is ${status} again`));
    }
    return this.#uncertain(`${what} took over ${BEGIN_BUDGET_SECONDS} s`);
  }

  outcomeOf({failureClass, message}: ComputeFailure): CreateOutcome {
    const {placement} = this.request;
    switch (failureClass) {
      case 'zone_full':
        return {kind: 'no_capacity', tried: [placement], message};
      case 'quota':
        return {kind: 'quota', message, quotaScope: regionOf(placement.place)};
      case 'rate':
        return {kind: 'rate_limited', message, retryAfterSeconds: secondsToNextMinute(this.#clock.now())};
      case 'invalid':
      case 'denied':
        return {kind: 'refused', message};
      default:
        return this.#uncertain(message);
    }
  }

  #notNow({status}: InstanceDetails): NotUsable {
    return new NotUsable(`standby machine ${this.#name} is ${status}: it cannot be begun`);
  }

  #uncertain(message: string): CreateOutcome {
    return {kind: 'uncertain', placement: this.request.placement, message};
  }

  async #look(): Promise<InstanceDetails> {
    const instance = await this.#withinRate(() => this.#compute.getInstanceDetails(this.#zone, this.#name));
    if (instance && belongsTo(this.options.deployment, instance)) return instance;
    throw new NotUsable(`found no standby machine ${this.#name} in ${this.#zone}`);
  }
}
