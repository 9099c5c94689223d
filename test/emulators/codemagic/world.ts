import type {EmulatedMachine, GivenMachine, MachineEvent, MachineEventKind, MachineWorld} from '../machines';
import type {Scheduler} from '../scheduler';
import {
  type BuildStart,
  type BuildStatus,
  DEPLOYMENT,
  type EmulatedBuild,
  hasEnded,
  JIT_CONFIG,
  type Kept,
  newBuild,
  RUNNER,
} from './build';

interface BuildEvent extends MachineEvent {
  readonly machine: EmulatedBuild;
}

export interface CodemagicWorldOptions {
  readonly scheduler: Scheduler;
  /** Builds that run at a time; more of them wait in the queue. Without limit unless given. */
  readonly concurrencies?: number;
  /** `max_build_duration` of the workflow; 120 minutes unless given. */
  readonly maxBuildMs?: number;
  /** From a free concurrency to a machine, and from there to the scripts of the workflow. */
  readonly prepareMs?: number;
  /** From the end of the scripts to the end of the build. */
  readonly finishMs?: number;
  /** From the start of a build until lists show it. */
  readonly unlistedMs?: number;
  /** Lists leave out the labels of builds. */
  readonly leavesLabelsOut?: boolean;
}

export const TEAM = '60aa00000000000000000001';
export const APP = '5c9c064185dd2310123b8e96';
export const WORKFLOW = 'github-runner';
const APP_OF_OTHERS = '5c9c064185dd2310123b8e97';
/** Where pools may be moved to. */
export const OTHER_TEAM = '60aa00000000000000000002';
export const OTHER_APP = '5c9c064185dd2310123b8e98';

/** Concurrencies while a place is full. */
const FEW = 2;
const CPUS = 4;
const MAX_BUILD_MS = 120 * 60_000;

const MOST_IN_VAIN = 5;

/** Ended builds that are kept. */
const KEPT = 5_000;

/** Builds of one team: they wait for a concurrency, run their script for at most `max_build_duration`, and end. */
export class CodemagicWorld implements MachineWorld {
  readonly #builds = new Map<string, Kept>();
  readonly #observers: ((event: BuildEvent) => void)[] = [];
  readonly #counts = new Map<string, number>();
  readonly apps = new Map([
    [APP, {name: 'runners', team: TEAM, branches: ['main'], workflows: [WORKFLOW]}],
    [APP_OF_OTHERS, {name: 'app', team: TEAM, branches: ['main'], workflows: ['release']}],
    [OTHER_APP, {name: 'moved', team: OTHER_TEAM, branches: ['main'], workflows: [WORKFLOW]}],
  ]);
  leavesLabelsOut: boolean;
  /** v3 answers 503. */
  isListDown = false;
  #concurrencies: number;
  #stuck = 0;
  #started = 0;

  readonly faults = {
    failLate: ({times}: {readonly times: number}) => {
      this.#stuck += times;
    },
    stockOut: () => this.setConcurrencies(Math.min(this.#concurrencies, FEW)),
    quota: (cpus: number) => this.setConcurrencies(Math.floor(cpus / CPUS)),
    placeDown: () => {
      this.isListDown = true;
    },
    recover: () => {
      this.isListDown = false;
      this.#stuck = 0;
      this.setConcurrencies(this.options.concurrencies ?? Number.POSITIVE_INFINITY);
    },
  };

  constructor(private readonly options: CodemagicWorldOptions) {
    this.#concurrencies = options.concurrencies ?? Number.POSITIVE_INFINITY;
    this.leavesLabelsOut = options.leavesLabelsOut === true;
  }

  get scheduler(): Scheduler {
    return this.options.scheduler;
  }

  observe(observer: (event: BuildEvent) => void): void {
    this.#observers.push(observer);
  }

  /** Those that have not ended. */
  machines(): EmulatedBuild[] {
    return [...this.#builds.values()].filter((build) => !hasEnded(build));
  }

  created(): number {
    return this.#counts.get('accepted') ?? 0;
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  setConcurrencies(concurrencies: number): void {
    this.#concurrencies = concurrencies;
    this.#dequeue();
  }

  start(given: BuildStart): EmulatedBuild {
    const build = this.#make(given, this.#stuck > 0);
    if (build.isStuck) this.#stuck -= 1;
    this.#announce('accepted', build);
    this.#dequeue();
    return build;
  }

  get(id: string): EmulatedBuild | undefined {
    return this.#builds.get(id);
  }

  /** Also those that have ended, the newest first, once lists show them. */
  list(): EmulatedBuild[] {
    const since = this.scheduler.now() - (this.options.unlistedMs ?? 0);
    return [...this.#builds.values()].filter(({createdAtMs}) => createdAtMs <= since).reverse();
  }

  /** `ended`: it had ended already. */
  cancel(id: string): 'canceled' | 'ended' | 'absent' {
    const build = this.#builds.get(id);
    if (!build) return 'absent';
    if (hasEnded(build)) {
      build.cancelledInVain += 1;
      return 'ended';
    }
    // What never had a machine was a creation that came to nothing.
    if (build.startedAtMs === undefined) {
      this.#end(build, 'canceled', 'failed');
      return 'canceled';
    }
    this.#announce('deleting', build);
    this.#end(build, 'canceled', 'deleted');
    return 'canceled';
  }

  add({name, deployment, pool, kept, isElsewhere = false, isRunning = false, jitConfig}: GivenMachine): EmulatedBuild {
    const labels = [
      ...(deployment === undefined ? [] : [`slipway-deployment=${deployment}`, name]),
      ...(pool === undefined ? [] : [`slipway-pool=${pool}`]),
      ...(kept === undefined ? [] : ['slipway-keep']),
    ];
    const variables = {
      ...(deployment === undefined ? {} : {[DEPLOYMENT]: deployment, [RUNNER]: name}),
      ...(jitConfig === undefined ? {} : {[JIT_CONFIG]: jitConfig}),
    };
    const [app, workflow] = isElsewhere ? [APP_OF_OTHERS, 'release'] : [APP, WORKFLOW];
    const build = this.#make({app, workflow, branch: 'main', labels, variables}, false);
    Object.assign(build, {isGiven: true, name, pool});
    if (isRunning) this.#run(build);
    else build.status = 'finished';
    return build;
  }

  /** Ids of builds that somebody went on cancelling after their end, more often than answers are lost. */
  cancelledInVain(): string[] {
    return [...this.#builds.values()].filter(({cancelledInVain}) => cancelledInVain > MOST_IN_VAIN).map(({id}) => id);
  }

  keep(name: string): void {
    for (const build of this.#builds.values())
      if (build.name === name) build.labels = [...build.labels, 'slipway-keep'];
  }

  /** The runner has ended, and with it the last script. */
  powerOff(machine: EmulatedMachine): void {
    this.#finish(machine, 'finished');
  }

  /** A script has ended with an error. */
  failStart(machine: EmulatedMachine): void {
    this.#finish(machine, 'failed');
  }

  #finish(machine: EmulatedMachine, status: BuildStatus): void {
    const build = this.#own(machine);
    if (build?.status !== 'building') return;
    build.status = 'finishing';
    this.#announce('terminated', build);
    this.#later(this.options.finishMs ?? 8_000, () => {
      if (build.status === 'finishing') this.#end(build, status, 'deleted');
    });
  }

  /** CodeMagic takes no build back. */
  preempt(): void {
    // No build runs on a spot machine.
  }

  failHost(machine: EmulatedMachine): void {
    const build = this.#own(machine);
    if (build?.status !== 'building') return;
    this.#announce('host_error', build);
    this.#end(build, 'failed', 'deleted');
  }

  #make(start: BuildStart, isStuck: boolean): Kept {
    const build = newBuild(start, {createdAtMs: this.scheduler.now(), index: ++this.#started, isStuck});
    this.#builds.set(build.id, build);
    if (this.#builds.size > KEPT) this.#forgetOldest();
    return build;
  }

  #dequeue(): void {
    const all = [...this.#builds.values()].filter((build) => !build.isGiven && !hasEnded(build));
    let running = all.filter(({status}) => status !== 'queued').length;
    for (const build of all) {
      if (build.status !== 'queued' || build.isStuck || running >= this.#concurrencies) continue;
      running += 1;
      this.#prepare(build);
    }
  }

  #prepare(build: Kept): void {
    build.status = 'preparing';
    build.startedAtMs = this.scheduler.now();
    build.cancelEnd = this.#later(this.options.maxBuildMs ?? MAX_BUILD_MS, () => {
      // With whatever runs in it.
      this.#announce('host_error', build);
      this.#end(build, 'timeout', 'deleted');
    });
    const prepareMs = this.options.prepareMs ?? 10_000;
    const run = () => {
      if (build.status === 'preparing') this.#run(build);
    };
    if (prepareMs === 0) run();
    else this.#later(prepareMs, run);
  }

  #run(build: Kept): void {
    build.status = 'building';
    build.startedAtMs = this.scheduler.now();
    this.#announce('running', build);
  }

  #end(build: Kept, status: BuildStatus, kind: MachineEventKind): void {
    build.cancelEnd?.();
    build.status = status;
    build.finishedAtMs = this.scheduler.now();
    this.#announce(kind, build);
    this.#dequeue();
  }

  #forgetOldest(): void {
    for (const build of this.#builds.values()) {
      if (this.#builds.size <= KEPT / 2) return;
      if (hasEnded(build)) this.#builds.delete(build.id);
    }
  }

  #own(machine: EmulatedMachine): Kept | undefined {
    return [...this.#builds.values()].find((build) => build === machine);
  }

  #announce(kind: MachineEventKind, machine: EmulatedBuild): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    for (const observer of this.#observers) observer({kind, machine});
  }

  #later(ms: number, action: () => void): () => void {
    return this.scheduler.at(this.scheduler.now() + ms, action);
  }
}
