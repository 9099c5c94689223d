import type {RunnerScope} from '../../../shared/model/scope';
import {type RunnerGroup, sameName, scopeKey} from './account';
import type {Accounts} from './accounts';
import {decodeJitConfig, encodeJitConfig} from './jit-config';
import {distinct} from './labels';
import {draw} from './latencies';
import {EPHEMERAL_OFFLINE_LIMIT, LONGEST_RUNNER_NAME, PERSISTENT_OFFLINE_LIMIT} from './limits';
import type {ModelContext, RunnerChange} from './model-context';
import {GitHubRefusal, invalid, notFound} from './refusal';
import {type Registration, RunnerSession} from './registration';

export interface RegisterRequest {
  readonly name: string;
  readonly labels: readonly string[];
  /** Mandatory at GitHub. */
  readonly runnerGroupId: number | undefined;
  readonly workFolder?: string;
}

export type Connection =
  | {readonly kind: 'connected'; readonly session: RunnerSession}
  | {readonly kind: 'refused'; readonly reason: string};

/** The registered runners: who they are, whether they are there. What they run is the dispatcher's. */
export class Runners {
  readonly #byId = new Map<number, Registration>();
  /** By scope and name, as GitHub compares them. */
  readonly #byName = new Map<string, Registration>();
  /** Takes back the removal that is planned for a runner that is offline. */
  readonly #forget = new Map<number, () => void>();

  constructor(
    private readonly world: ModelContext,
    private readonly accounts: Accounts,
    private readonly on: {
      readonly available: () => void;
      readonly lost: (runner: Registration) => void;
      readonly shutDown: (runner: Registration) => void;
      /** Counts a registration. Throws 403 when there are too many. */
      readonly registering: (scope: string) => void;
    },
  ) {}

  /** generate-jitconfig. Throws 403, 404, 409 and 422 as GitHub answers them. */
  generateJitConfig(scope: RunnerScope, request: RegisterRequest): {runner: Registration; encodedJitConfig: string} {
    const runner = this.#register(scope, request, true);
    return {runner, encodedJitConfig: encodeJitConfig(runner, request.workFolder ?? '_work')};
  }

  /** What config.sh does on a persistent machine; connect it with `start`. */
  registerPersistent(scope: RunnerScope, request: RegisterRequest): Registration {
    return this.#register(scope, request, false);
  }

  /** A runner process started with this JIT config. */
  connect(encodedJitConfig: string): Connection {
    const identity = decodeJitConfig(encodedJitConfig);
    if (!identity) return {kind: 'refused', reason: 'the JIT config cannot be read'};
    const runner = this.#byId.get(identity.runnerId);
    if (!runner || runner.nonce !== identity.nonce) return {kind: 'refused', reason: 'the registration is gone'};
    return this.start(runner);
  }

  start(runner: Registration): Connection {
    if (runner.removed) return {kind: 'refused', reason: 'the registration is gone'};
    if (runner.session) return {kind: 'refused', reason: 'a session for this runner already exists'};
    if (runner.job) return {kind: 'refused', reason: 'the job of this runner is still locked by its earlier process'};
    const session = new RunnerSession(
      runner,
      () => this.#disconnected(runner),
      () => this.on.shutDown(runner),
    );
    runner.session = session;
    this.#keep(runner);
    this.#changed(runner, 'online');
    this.on.available();
    return {kind: 'connected', session};
  }

  all(): Registration[] {
    return [...this.#byId.values()];
  }

  /** What a list of the scope shows now. */
  list(scope: RunnerScope, name?: string): Registration[] {
    const now = this.world.scheduler.now();
    return this.all().filter(
      (runner) =>
        scopeKey(runner.scope) === scopeKey(scope) &&
        runner.listedAtMs <= now &&
        (name === undefined || sameName(runner.name, name)),
    );
  }

  /** Throws 404. */
  get(scope: RunnerScope, id: number): Registration {
    const runner = this.#byId.get(id);
    if (!runner || scopeKey(runner.scope) !== scopeKey(scope)) throw notFound();
    return runner;
  }

  /** Throws 404, and 422 while it runs a job. */
  delete(scope: RunnerScope, id: number): void {
    const runner = this.get(scope, id);
    if (runner.job) {
      throw new GitHubRefusal(
        422,
        `Bad request - Runner "${runner.name}" is currently running a job and cannot be deleted.`,
      );
    }
    this.remove(runner);
  }

  /** Takes it off the lists; its process, if it is there, hears of it on the next turn. */
  remove(runner: Registration): void {
    if (runner.removed) return;
    const {session} = runner;
    runner.removed = true;
    runner.session = null;
    this.#keep(runner);
    this.#byId.delete(runner.id);
    this.#byName.delete(nameKey(runner.scope, runner.name));
    this.#changed(runner, 'removed');
    if (session) this.world.scheduler.at(this.world.scheduler.now(), () => session.end('removed'));
  }

  /** A persistent runner has ended a job, or its lost one was given up. */
  freed(runner: Registration): void {
    this.#changed(runner, runner.session ? 'idle' : 'offline');
    if (!runner.session) this.#forgetLater(runner);
  }

  /** The runner's labels from now on; a job that waits may fit it now. */
  relabel(runner: Registration, labels: readonly string[]): void {
    runner.labels = [...labels];
    this.#changed(runner, 'relabelled');
    this.on.available();
  }

  /** `busy` as GitHub shows it, which is not always the truth. */
  shownBusy(runner: Registration): boolean {
    return runner.job !== null && this.world.scheduler.now() >= runner.busyFromMs;
  }

  #register(scope: RunnerScope, request: RegisterRequest, ephemeral: boolean): Registration {
    const group = this.#groupFor(scope, request);
    const {name} = request;
    if (this.#byName.has(nameKey(scope, name))) {
      throw new GitHubRefusal(409, `Already exists - A runner with the name ${name} already exists.`);
    }
    this.on.registering(scopeKey(scope));
    const now = this.world.scheduler.now();
    const runner: Registration = {
      id: this.world.ids.next('runner'),
      name,
      scope,
      group,
      ephemeral,
      nonce: this.world.random.uuid(),
      createdAtMs: now,
      listedAtMs: now + draw(this.world.random, this.world.latencies.listing),
      labels: distinct(request.labels),
      session: null,
      job: null,
      busyFromMs: 0,
      removed: false,
    };
    this.#byId.set(runner.id, runner);
    this.#byName.set(nameKey(scope, name), runner);
    this.#forgetLater(runner);
    this.#changed(runner, 'registered');
    return runner;
  }

  #groupFor(scope: RunnerScope, request: RegisterRequest): RunnerGroup {
    if (request.runnerGroupId === undefined) throw invalid('"runner_group_id" wasn\'t supplied.');
    if (request.labels.length < 1 || request.labels.length > 100) {
      throw invalid(`"labels" must have 1 to 100 items: found ${request.labels.length}.`);
    }
    if (request.name.length < 1 || request.name.length > LONGEST_RUNNER_NAME) {
      throw invalid(`"name" must have 1 to ${LONGEST_RUNNER_NAME} characters: found ${request.name.length}.`);
    }
    return this.accounts.groupFor(scope, request.runnerGroupId);
  }

  #disconnected(runner: Registration): void {
    if (runner.removed) return;
    runner.session = null;
    this.#changed(runner, 'offline');
    if (runner.job) this.on.lost(runner);
    else this.#forgetLater(runner);
  }

  #forgetLater(runner: Registration): void {
    this.#keep(runner);
    const limit = runner.ephemeral ? EPHEMERAL_OFFLINE_LIMIT : PERSISTENT_OFFLINE_LIMIT;
    const {scheduler} = this.world;
    this.#forget.set(
      runner.id,
      scheduler.at(scheduler.now() + limit, () => this.remove(runner)),
    );
  }

  #keep(runner: Registration): void {
    this.#forget.get(runner.id)?.();
    this.#forget.delete(runner.id);
  }

  #changed(runner: Registration, change: RunnerChange): void {
    this.world.announce({kind: 'runner', change, runner});
  }
}

function nameKey(scope: RunnerScope, name: string): string {
  return `${scopeKey(scope)}/${name.toLowerCase()}`;
}
