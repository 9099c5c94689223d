import type {Clock} from '../../clock';
import {POLL_MS, PollBudget} from '../poll-budget';
import type {Ec2, Ec2Instance, RunRequest} from './client/ec2';
import {classifyCode, Ec2Failure} from './client/errors';
import {isEnded, isOwnInstance} from './machine';

/**
 * Milliseconds after which the service shows what was created. Until then an instance that is not found may be there.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
 */
// mutation: time until instances are shown
const VISIBLE_MS = 60_000;

/** Pause before the same request is sent again. */
const RESEND_MS = 2_000;

/** `failed`: refused, and no instance exists. `uncertain`: an instance may exist. */
export type Attempt =
  | {readonly kind: 'created'; readonly instance: Ec2Instance}
  | {readonly kind: 'failed'; readonly failure: Ec2Failure}
  | {readonly kind: 'name_taken'; readonly message: string}
  | {readonly kind: 'uncertain'; readonly message: string};

export interface AttemptOptions {
  readonly ec2: Ec2;
  readonly clock: Clock;
  readonly run: RunRequest;
  readonly deployment: string;
  readonly onWaiting?: (() => Promise<void>) | undefined;
}

/**
 * Runs one instance at one placement, and finds out what came of it. The client token makes the request safe to repeat in its zone, and in that
 * zone alone: before another subnet is tried, no instance of this token may be there. So an unanswered request is sent once more, which gives
 * the instance that the first one made; and what the second one is refused holds only when the first one has left nothing behind.
 */
export async function attemptRun(options: AttemptOptions): Promise<Attempt> {
  const attempt = new RunAttempt(options);
  try {
    return await attempt.run();
  } catch (error) {
    // A look was refused after the request was sent: the result is unknown.
    if (error instanceof Ec2Failure) return {kind: 'uncertain', message: error.message};
    throw error;
  }
}

class RunAttempt {
  constructor(private readonly options: AttemptOptions) {}

  async run(): Promise<Attempt> {
    const {ec2, run, clock} = this.options;
    const first = await this.#send();
    if (!(first instanceof Ec2Failure)) return this.#confirm(first);
    if (first.failureClass === 'conflict') return this.#settleConflict(first);
    // mutation: unanswered request
    if (first.failureClass !== 'uncertain') return {kind: 'failed', failure: first};
    await clock.sleep(RESEND_MS);
    // Two requests that are not answered take longer than a lease.
    await this.options.onWaiting?.();
    const second = await this.#send();
    if (!(second instanceof Ec2Failure)) return this.#confirm(second);
    if (second.failureClass === 'conflict') return this.#settleConflict(second);
    // mutation: look by client token
    const left = await this.#await(() => ec2.describeInstances({clientToken: run.clientToken}));
    if (left) return this.#confirm(left);
    // A rate limit on the second request says nothing about the first.
    const isSettled = second.failureClass !== 'uncertain' && second.failureClass !== 'rate';
    return isSettled ? {kind: 'failed', failure: second} : {kind: 'uncertain', message: second.message};
  }

  async #send(): Promise<Ec2Instance | Ec2Failure> {
    try {
      return await this.options.ec2.runInstance(this.options.run);
    } catch (error) {
      if (error instanceof Ec2Failure) return error;
      throw error;
    }
  }

  /**
   * Waits until the service shows the instance: from then on its absence is believed. One that ended for want of capacity or quota, before it ran,
   * was refused. One that ended otherwise was there, and may have run its job.
   */
  async #confirm(made: Ec2Instance): Promise<Attempt> {
    const {ec2} = this.options;
    const seen = await this.#await(() => ec2.describeInstances({ids: [made.id]})).catch(unlessAsked);
    const instance = seen ?? made;
    const code = instance.stateReason.replace(/^(Server|Client)\./, '');
    const failureClass = classifyCode(code);
    // mutation: ended before it was shown
    const isRefused = isEnded(instance) && (failureClass === 'zone_full' || failureClass === 'quota');
    if (!isRefused) return {kind: 'created', instance};
    const message = `${instance.id} for ${this.options.run.clientToken} ended before it ran: ${instance.stateReason}`;
    return {kind: 'failed', failure: new Ec2Failure(failureClass, code, message)};
  }

  /** The token was used with other parameters: by an earlier execution for this runner, or by somebody else. */
  async #settleConflict({message}: Ec2Failure): Promise<Attempt> {
    const {ec2, run} = this.options;
    const found = await this.#await(() => ec2.describeInstances({clientToken: run.clientToken}));
    if (!found || isEnded(found) || !this.#isOurs(found)) return {kind: 'name_taken', message};
    return {kind: 'created', instance: found};
  }

  #isOurs(instance: Ec2Instance): boolean {
    const {deployment, run} = this.options;
    return isOwnInstance(deployment, instance) && instance.tags['Name'] === run.tags['Name'];
  }

  /**
   * Asks until an instance is shown, or until it would be. One that has not ended goes before others. An answer that does not come does not end
   * the wait, but the last look has to be answered.
   */
  async #await(look: () => Promise<readonly Ec2Instance[]>): Promise<Ec2Instance | undefined> {
    const {clock, onWaiting} = this.options;
    const waiting = new PollBudget(clock, VISIBLE_MS / 1000, onWaiting);
    for (;;) {
      const found = await look().catch(unlessRefused);
      if (!(found instanceof Ec2Failure)) {
        const instance = found.find((one) => !isEnded(one)) ?? found[0];
        if (instance || waiting.isOver) return instance;
      } else if (waiting.isOver) throw found;
      await waiting.pause(POLL_MS);
    }
  }
}

/** A failure that may pass. */
function unlessRefused(error: unknown): Ec2Failure {
  if (error instanceof Ec2Failure && error.retryable) return error;
  throw error;
}

/** An instance that was made is there, whether or not it can be looked at. */
function unlessAsked(error: unknown): undefined {
  if (!(error instanceof Ec2Failure)) throw error;
  return undefined;
}
