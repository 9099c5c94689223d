import {BOOT_MINUTES, LABELS, REPOSITORIES} from './pools';
import type {Act, Setting} from './scenario';
import type {SimulatedServices} from './simulated-services';
import type {SimulatedWorld} from './simulated-world';
import type {WorldHistory} from './world-history';

/** What is read of the answer of `POST /cleanup`. */
interface Cleaned {
  readonly dry_run: boolean;
  readonly removed: readonly {readonly kind: string; readonly name: string}[];
}

/** A request to `api`. */
interface Asked {
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

const EVERYTHING = 1_000;

/** People who act in the midst of work, through `api`: each of its awaits may be struck as those of the other functions are. */
export class People {
  /** Machines that were asked for without a job, and those that somebody may have had removed: they are replaced where jobs wait for them. */
  excused = 0;
  #waiting: number;

  constructor(
    private readonly world: SimulatedWorld,
    private readonly services: SimulatedServices,
    private readonly history: WorldHistory,
    acts: readonly Act[],
  ) {
    this.#waiting = acts.length;
    for (const act of acts) {
      world.scheduler.at(world.startMs + act.atMs, () => {
        void this.#act(act).finally(() => {
          this.#waiting -= 1;
        });
      });
    }
  }

  /** Whether all has been asked and answered, or not answered. */
  areDone(): boolean {
    return this.#waiting === 0;
  }

  async #act(act: Act): Promise<void> {
    const asked = await this.#ask(act);
    if (!asked) return;
    const {world, services} = this;
    if (!act.dry) this.#excuse(act);
    const url = `/api/v1${asked.path}${asked.path.includes('?') ? '&' : '?'}dry-run=${act.dry}`;
    world.trace.add(`somebody: ${asked.method} ${url}`);
    try {
      const {status, body} = await services.ask(act.dry ? 'dry run' : 'api', asked.method, url, asked.body);
      world.trace.add(`answered ${status}`);
      if (status === 500) world.violated('wrong_answer', `${asked.method} ${url}: ${JSON.stringify(body)}`);
      if (act.does === 'cleanup' && status === 200) this.#checkCleaned(act, body as Cleaned);
    } catch (error) {
      world.trace.add(`not answered: ${String(error)}`);
    }
  }

  /** Undefined: there is nothing to do it with. */
  async #ask({does, pick, what}: Act): Promise<Asked | undefined> {
    const {world} = this;
    const pool = POOLS[pick % POOLS.length] ?? 'arm';
    const repository = REPOSITORIES[pick % REPOSITORIES.length];
    switch (does) {
      case 'test':
        return {method: 'POST', path: `/pools/${pool}/test`, body: {repository, labels: LABELS[pool]}};
      case 'request': {
        const place = pool === 'shared' ? {org: 'acme'} : {repo: repository};
        return {method: 'POST', path: '/runners', body: {pool, ...place, count: 1 + (pick % MOST_REQUESTED)}};
      }
      case 'cleanup':
        return {method: 'POST', path: `/cleanup?what=${what ?? 'machines'}${what === 'all' ? '&confirm=slipway' : ''}`};
      case 'remove': {
        const runners = await world.store.find('runners', {where: {}, limit: EVERYTHING});
        const name = runners[pick % Math.max(1, runners.length)]?.id;
        return name === undefined ? undefined : {method: 'DELETE', path: `/runners/${name}`};
      }
      case 'retry': {
        const letters = await world.store.find('deadletters', {where: {}, limit: EVERYTHING});
        const id = letters[pick % Math.max(1, letters.length)]?.id;
        return id === undefined ? undefined : {method: 'POST', path: `/deadletters/${id}/retry`};
      }
      default:
        return world.vm && {method: 'POST', path: `/runner/${does}?pool=${VM_POOL}`};
    }
  }

  #excuse({does, pick}: Act): void {
    if (does === 'test') this.excused += 1;
    if (does === 'request') this.excused += 1 + (pick % MOST_REQUESTED);
    if (does === 'cleanup') this.excused += this.world.machines().length;
    if (does === 'remove') this.excused += 1;
    if (does === 'start') this.world.vmPromises?.startByHand();
  }

  /** What went was ours, old enough, and runs no job. */
  #checkCleaned({what, dry}: Act, {dry_run, removed}: Cleaned): void {
    const {world, history} = this;
    const now = world.scheduler.now();
    if (dry !== dry_run || (dry && removed.length > 0)) world.violated('wrong_answer', 'a dry run removed something');
    for (const {kind, name} of removed) {
      const made = history.acceptedAtMs(name);
      const isYoung = made !== undefined && now - made < BOOT_MINUTES * 60_000 - 2 * world.scenario.setting.skewMs;
      if (what !== 'all' && kind === 'machine' && isYoung && history.endedAtMs(name) === undefined) {
        world.violated('wrong_cleanup', `${name} was removed, and is ${(now - made) / 1000} s old`);
      }
      const busy = world.registrations().find((runner) => runner.name === name && runner.job !== null);
      if (busy && !busy.removed) world.violated('wrong_cleanup', `${name} was removed, and runs job ${busy.job?.id}`);
    }
  }
}

const POOLS = ['arm', 'spot', 'shared'] as const satisfies readonly (keyof Setting['maxRunners'])[];
const MOST_REQUESTED = 3;
const VM_POOL = 'vm';
