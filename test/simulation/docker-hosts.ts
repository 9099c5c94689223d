import {hostToken} from '../../shared/host-token';
import {Secret} from '../../shared/secret';
import type {ModelOrders, ModelReport} from '../emulators/docker/host-model';
import {DockerWorld} from '../emulators/docker/world';
import type {GitHubWorld} from '../emulators/github/model';
import type {Scheduler} from '../emulators/scheduler';
import type {SeededRandom} from '../emulators/seeded-random';
import {MANAGER_SECRET} from './environment';
import {HOSTS} from './pools';
import type {Violation} from './safety';
import type {Scenario} from './scenario';

/** A world with thousands of calls an hour would take minutes: an agent calls every ten seconds while it has work. */
const PACE = 5;

/** In a world that rests between jobs: while a container is on the host, or a job is for one. */
const PACE_WITH_WORK = 10;

/** While no job is for a host and it has no container: less than a silence. */
const PACE_WITHOUT_WORK = 20;

/** While nothing is there at all: about as often as the sweep is called then. */
const PACE_AT_REST = 720;

/** What may go wrong with one call, of a thousand. */
const LOST_ANSWERS = 25;
const LOST_REQUESTS = 15;
const RESTARTS = 10;
const SILENCES = 3;
const LOST_HOSTS = 1;

const LONGEST_SILENCE_MS = 12 * 60_000;
const LONGEST_PULL_MS = 20_000;

interface DockerHostsOptions {
  readonly scheduler: Scheduler;
  readonly startMs: number;
  readonly scenario: Scenario;
  readonly random: SeededRandom;
  readonly github: GitHubWorld;
  /** Whether a job is there that may run on a host. */
  readonly isWanted: () => boolean;
  readonly violated: (rule: Violation['rule'], detail: string) => void;
}

/** The function `api`, as an agent reaches it. */
interface SyncedServices {
  /** Whether nothing is there that could need a host before the next event at GitHub. */
  isResting(): boolean;
  sync(host: string, token: string, report: object): Promise<unknown>;
}

/** Docker hosts whose agents call `api`: answers are lost, agents restart, hosts are silent for a while, and vanish with what is on them. */
export class DockerHosts {
  readonly world: DockerWorld;
  readonly #random;
  #services: SyncedServices | undefined;

  constructor(private readonly simulated: DockerHostsOptions) {
    const {scheduler, random} = simulated;
    this.#random = random;
    this.world = new DockerWorld({
      scheduler,
      hosts: HOSTS.map(({name}) => name),
      sync: (host, report) => this.#sync(host, report),
      pullMs: () => this.#random.below(LONGEST_PULL_MS),
      pace: (host) => this.#pace(host),
    });
    this.world.observe(({kind, machine}) => {
      if (kind === 'accepted') this.#checkCapacity(machine.place);
    });
  }

  start(services: SyncedServices): void {
    this.#services = services;
    this.world.start();
    const {github, scenario} = this.simulated;
    // A host that called seldom is needed now.
    if (scenario.setting.rests)
      github.observe((event) => event.kind === 'job' && event.job.status === 'queued' && this.world.wake());
  }

  #pace(host: string): number {
    const {scenario, isWanted} = this.simulated;
    if (!scenario.setting.rests) return PACE;
    if (this.world.unfinished(host) > 0) return PACE_WITH_WORK;
    if (this.#services?.isResting()) return PACE_AT_REST;
    return isWanted() ? PACE_WITH_WORK : PACE_WITHOUT_WORK;
  }

  async #sync(host: string, report: ModelReport): Promise<ModelOrders> {
    const bad = this.#isUnlucky();
    if (bad(RESTARTS)) this.world.restart(host);
    if (bad(SILENCES)) this.world.silence(host, this.#random.below(LONGEST_SILENCE_MS));
    if (bad(LOST_HOSTS)) this.world.loseHost(host);
    if (bad(LOST_REQUESTS) || !this.#services) throw new Error('the request was lost');
    const token = hostToken(new Secret(MANAGER_SECRET), 'slipway', host);
    const orders = (await this.#services.sync(host, token, report)) as ModelOrders;
    if (bad(LOST_ANSWERS)) throw new Error('the answer was lost');
    return orders;
  }

  /** A world without faults has none here either, and after its last job it has no more. */
  #isUnlucky(): (ofThousand: number) => boolean {
    const {scenario, scheduler, startMs} = this.simulated;
    const lastMs = startMs + Math.max(0, ...scenario.jobs.map(({atMs}) => atMs));
    const hasFaults = scenario.faults.length > 0 && scheduler.now() <= lastMs;
    return (ofThousand) => hasFaults && this.#random.below(1000) < ofThousand;
  }

  #checkCapacity(host: string): void {
    const capacity = HOSTS.find(({name}) => name === host)?.capacity ?? 0;
    const count = this.world.unfinished(host);
    if (count > capacity)
      this.simulated.violated('host_overfull', `${count} containers on ${host}, which has room for ${capacity}`);
  }
}
