import {TtlCache} from '../cache';
import {RateLimited} from '../errors';
import type {SharedLimits} from '../github/shared-limits';
import {appBreaker, type BreakerDocument} from '../model/breaker';
import {
  REGISTRATION_SPACING_MS,
  type RegistrationsDocument,
  registrationsId,
  reserveTurns,
} from '../model/registrations';
import {describeScope, type RunnerScope, scopeKey} from '../model/scope';
import type {Context} from '../ports';
import {closeBreaker, openBreaker} from './breaker-failures';
import {tryPass} from './breakers';

/** How long the open breakers are remembered, in milliseconds: another process may learn of a limit so much later. */
const REMEMBERED_MS = 5_000;

/** Open breakers that are read. */
const MAX_OPEN = 100;

/** Turns that a process reserves at a time: one write for all of them. */
const TURNS_AT_A_TIME = 5;

/** How long a turn that has come may be used, in milliseconds. */
const TURN_KEEPS_MS = 30_000;

/** How long an execution waits for its turn, in milliseconds. If it is further away, the task comes again. */
const MAX_WAIT_MS = 20_000;

/** What several Apps share over all processes, in the store: a breaker for each App and owner, and the turns of registrations in each scope. */
export function createAppLimits(context: Pick<Context, 'store' | 'clock' | 'logger'>): SharedLimits {
  const {store, clock} = context;
  const open = new TtlCache<ReadonlyMap<string, BreakerDocument>>(clock);
  const probed = new Set<string>();
  const turns = new Map<string, Turns>();

  async function readOpen(): Promise<ReadonlyMap<string, BreakerDocument>> {
    const found = await store.find('breakers', {where: {open: true}, limit: MAX_OPEN});
    return new Map(found.map(({id, data}) => [id, data]));
  }

  async function findOpen(name: string): Promise<BreakerDocument | undefined> {
    return (await open.load('open', readOpen, REMEMBERED_MS)).get(name);
  }

  return {
    whileDry: {
      async heldUntil(app, owner) {
        const breaker = await findOpen(appBreaker(owner, app));
        return breaker && breaker.nextProbeAt > clock.now() ? breaker.nextProbeAt : undefined;
      },
      limited: async () => undefined,
      answered: async () => undefined,
    },
    async heldUntil(app, owner) {
      const name = appBreaker(owner, app);
      const breaker = await findOpen(name);
      if (!breaker) return undefined;
      const now = clock.now();
      if (breaker.nextProbeAt > now) return breaker.nextProbeAt;
      const passage = await tryPass(store, name, now);
      if (passage.kind === 'open') return now + passage.retryAfterSeconds * 1000;
      if (passage.kind === 'probe') probed.add(name);
      return undefined;
    },
    async limited(app, owner, limited) {
      const name = appBreaker(owner, app);
      probed.delete(name);
      open.delete('open');
      await openBreaker(context, name, limited.message, limited.retryAfterSeconds, 'warning');
    },
    async answered(app, owner) {
      const name = appBreaker(owner, app);
      if (!probed.delete(name)) return;
      await closeBreaker(store, name);
      open.delete('open');
    },
    async awaitTurn(scope) {
      const key = scopeKey(scope);
      const known = turns.get(key) ?? new Turns(clock, () => reserve(scope));
      turns.set(key, known);
      const atMs = await known.next(clock.now());
      const waitMs = atMs - clock.now();
      if (waitMs > 0) await clock.sleep(waitMs);
    },
  };

  /** Times of the next turns in the scope, in order. Throws `RateLimited` if they are far away. */
  async function reserve(scope: RunnerScope): Promise<number[]> {
    const id = registrationsId(scope);
    const now = clock.now();
    const reserved = await store.transaction(async (transaction) => {
      const document = (await transaction.get('facts', id)) as RegistrationsDocument | undefined;
      const next = reserveTurns(document, TURNS_AT_A_TIME, now);
      if (next.firstAt - now > MAX_WAIT_MS) return next.firstAt;
      transaction.set('facts', id, next.document);
      return next;
    });
    if (typeof reserved === 'number') {
      const seconds = Math.ceil((reserved - now) / 1000);
      const limit = 'GitHub takes 1,500 registrations in five minutes for one repository or organization';
      throw new RateLimited(`${limit}, and ${describeScope(scope)} is near it. Next try in ${seconds} s.`, seconds);
    }
    return Array.from({length: TURNS_AT_A_TIME}, (_, turn) => reserved.firstAt + turn * REGISTRATION_SPACING_MS);
  }
}

/** The turns of one scope that this process has reserved and not used. */
class Turns {
  #reserved: number[] = [];
  /** Its callers share one reservation, but not for ever one that never ends. */
  readonly #reserving: TtlCache<undefined>;

  constructor(
    clock: Pick<Context['clock'], 'now'>,
    private readonly reserve: () => Promise<number[]>,
  ) {
    this.#reserving = new TtlCache(clock);
  }

  /** When the caller's turn is; it may have come already. */
  async next(nowMs: number): Promise<number> {
    for (;;) {
      this.#reserved = this.#reserved.filter((atMs) => atMs >= nowMs - TURN_KEEPS_MS);
      const turn = this.#reserved.shift();
      if (turn !== undefined) return turn;
      await this.#reserving.reload('turns', () => this.#reserve(), 0);
    }
  }

  async #reserve(): Promise<undefined> {
    const turns = await this.reserve();
    // Others may have replaced the list meanwhile.
    this.#reserved.push(...turns);
  }
}
