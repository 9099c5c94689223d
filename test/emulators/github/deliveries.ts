import {createHmac} from 'node:crypto';
import type {Delivery, DeliveryAnswer, Hook, HookOptions} from './delivery';
import type {DeliveryFaults} from './delivery-faults';
import {draw} from './latencies';
import {DELIVERY_RETENTION} from './limits';
import type {ModelContext} from './model-context';
import {notFound} from './refusal';

/** An event for one hook, before it is sent for the first time. */
export interface NewDelivery {
  readonly event: string;
  readonly action: string | null;
  readonly repositoryId: number | null;
  readonly installationId: number | null;
  readonly body: string;
}

/** Hooks and what was sent to them. GitHub sends each event once and never tries again by itself. */
export class Deliveries {
  readonly #hooks = new Map<number, Hook>();
  readonly #pending = new Set<Promise<void>>();
  /** When the last delivery of a hook is due: later ones do not overtake it, unless a fault delays it. */
  readonly #lastDueMs = new Map<number, number>();
  /** Events that no attempt brings home. */
  readonly #refused = new Set<string>();
  #attempts: Delivery[] = [];
  faults: DeliveryFaults = () => ({});

  constructor(
    private readonly world: ModelContext,
    private readonly appId: () => number,
  ) {}

  addHook(options: HookOptions): Hook {
    const hook: Hook = {
      id: this.world.ids.next('hook'),
      target: options.target ?? {kind: 'app'},
      url: options.url ?? 'https://slipway.example/webhook',
      secret: options.secret,
      active: true,
      deliver: options.deliver,
      createdAtMs: this.world.scheduler.now(),
    };
    this.#hooks.set(hook.id, hook);
    return hook;
  }

  hooks(): Hook[] {
    return [...this.#hooks.values()];
  }

  /** Throws 404. */
  hook(id: number): Hook {
    const hook = this.#hooks.get(id);
    if (!hook) throw notFound();
    return hook;
  }

  removeHook(hook: Hook): void {
    hook.active = false;
    this.#hooks.delete(hook.id);
  }

  /** Plans the delivery, with what the faults make of it. */
  send(hook: Hook, delivery: NewDelivery): void {
    const fault = this.faults({event: delivery.event, action: delivery.action});
    const {scheduler, random, latencies} = this.world;
    const guid = random.uuid();
    const dueMs = Math.max(scheduler.now() + draw(random, latencies.delivery), this.#lastDueMs.get(hook.id) ?? 0);
    this.#lastDueMs.set(hook.id, dueMs);
    if (fault.drop) return;
    if (fault.neverArrives) this.#refused.add(guid);
    for (let copy = 0; copy <= (fault.duplicates ?? 0); copy++) {
      scheduler.at(dueMs + (fault.delayMs ?? 0), () => {
        this.#attempt(hook, delivery, guid, false, fault.loseAnswer ?? false);
      });
    }
  }

  /** The attempts of the last three days that are over, newest first. */
  list(isHook: (hook: Hook) => boolean): Delivery[] {
    this.#forgetOld();
    return this.#attempts.filter((attempt) => attempt.status !== 'pending' && isHook(attempt.hook)).reverse();
  }

  /** Throws 404. */
  get(id: number, isHook: (hook: Hook) => boolean): Delivery {
    this.#forgetOld();
    const found = this.#attempts.find((attempt) => attempt.id === id);
    if (found?.status === 'pending' || !found || !isHook(found.hook)) throw notFound();
    return found;
  }

  /** Sends it again, with the same guid and another id. Throws 404, e.g. after three days. */
  redeliver(id: number, isHook: (hook: Hook) => boolean = () => true): void {
    const original = this.get(id, isHook);
    const {scheduler, random, latencies} = this.world;
    scheduler.at(scheduler.now() + draw(random, latencies.delivery), () => {
      this.#attempt(original.hook, original, original.guid, true, false);
    });
  }

  /** Resolves when everything that was sent is answered; what is only planned is not waited for. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #attempt(hook: Hook, what: NewDelivery, guid: string, redelivery: boolean, loseAnswer: boolean): void {
    if (!hook.active) return;
    const {event, action, repositoryId, installationId, body} = what;
    const attempt: Delivery = {
      id: this.world.ids.next('delivery'),
      guid,
      hook,
      event,
      action,
      repositoryId,
      installationId,
      redelivery,
      deliveredAtMs: this.world.scheduler.now(),
      headers: this.#headers(hook, event, guid, body),
      body,
      durationMs: 0,
      statusCode: 0,
      status: 'pending',
      responseBody: null,
    };
    this.#forgetOld();
    this.#attempts.push(attempt);
    const work = this.#carry(attempt, loseAnswer).finally(() => this.#pending.delete(work));
    this.#pending.add(work);
  }

  async #carry(attempt: Delivery, loseAnswer: boolean): Promise<void> {
    let answer: DeliveryAnswer | undefined;
    let failure = 'timed out';
    try {
      const isRefused = this.#refused.has(attempt.guid);
      answer = isRefused
        ? {status: 500}
        : await attempt.hook.deliver({url: attempt.hook.url, headers: attempt.headers, body: attempt.body});
    } catch (error) {
      if (!(error instanceof Error && error.name === 'TimeoutError')) failure = 'failed to connect to host';
    }
    attempt.durationMs = this.world.scheduler.now() - attempt.deliveredAtMs;
    if (!answer || loseAnswer) {
      attempt.status = failure;
      return;
    }
    attempt.statusCode = answer.status;
    attempt.status = answer.status >= 200 && answer.status < 300 ? 'OK' : `Invalid HTTP Response: ${answer.status}`;
    attempt.responseBody = answer.body ?? '';
  }

  #headers(hook: Hook, event: string, guid: string, body: string): Record<string, string> {
    const sign = (algorithm: string) => createHmac(algorithm, hook.secret).update(body).digest('hex');
    const {kind} = hook.target;
    return {
      Accept: '*/*',
      'Content-Type': 'application/json',
      'User-Agent': 'GitHub-Hookshot/f9d5a1b',
      'X-GitHub-Delivery': guid,
      'X-GitHub-Event': event,
      'X-GitHub-Hook-ID': String(hook.id),
      'X-GitHub-Hook-Installation-Target-ID': String(kind === 'app' ? this.appId() : hook.id),
      'X-GitHub-Hook-Installation-Target-Type': kind === 'app' ? 'integration' : kind,
      'X-Hub-Signature': `sha1=${sign('sha1')}`,
      'X-Hub-Signature-256': `sha256=${sign('sha256')}`,
    };
  }

  #forgetOld(): void {
    const oldestMs = this.world.scheduler.now() - DELIVERY_RETENTION;
    if ((this.#attempts[0]?.deliveredAtMs ?? oldestMs) >= oldestMs) return;
    const first = this.#attempts.findIndex((attempt) => attempt.deliveredAtMs >= oldestMs);
    if (first > 0) this.#attempts = this.#attempts.slice(first);
    else if (first < 0) this.#attempts = [];
  }
}
