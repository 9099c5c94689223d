import type {RunnerScope} from '../../shared/model/scope';
import {announceOn} from '../builders/strangers';
import type {Job} from '../emulators/github/job';
import {PERSISTENT_OFFLINE_LIMIT} from '../emulators/github/limits';
import type {GitHubWorld} from '../emulators/github/model';
import type {Registration} from '../emulators/github/registration';
import type {SeededRandom} from '../emulators/seeded-random';
import {REPOSITORIES, VM} from './pools';
import type {Violation} from './safety';
import type {Scenario} from './scenario';

const MINUTE = 60_000;

/** Where the App is installed, and no pool serves anything. */
const RIVAL = 'rival/app';
const PREFIX = 'theirs-';

/** Registrations of one world; each is in every list of its scope. */
const MOST = 40;

/** Whether the job is of a neighbour: none of ours could take it. */
export function isTheirs({labels}: Pick<Job, 'labels'>): boolean {
  return labels.some((label) => label.startsWith(PREFIX));
}

/**
 * Others at the same GitHub who use our names, and GitHub's own mistakes: runners under the names of ours in other repositories, which run
 * short jobs there while ours boot and work; a second deployment of our name, which is faster with a runner's name in the same scope; a job
 * that ends in the queue, and is said to have run on a runner of ours that runs another. Nothing of ours goes, and nothing of theirs is touched.
 */
export class Neighbours {
  /** With when each was registered. */
  readonly registrations = new Map<Registration, number>();
  #count = 0;
  /** A second deployment's registration may be offline only where no answer gets lost: then nobody can tell it from our own. */
  readonly #mayBeOffline: boolean;
  /** Where answers get lost, a job without labels runs on any runner of its scope, and nobody can tell whose that is. */
  readonly #mayTakeNames: boolean;

  constructor(
    private readonly github: GitHubWorld,
    {faults, jobs, setting}: Scenario,
    private readonly random: SeededRandom,
    private readonly violated: (rule: Violation['rule'], detail: string) => void,
  ) {
    this.#mayBeOffline = !faults.some(({on}) => on === 'call' || on === 'github_down');
    this.#mayTakeNames = this.#mayBeOffline || !jobs.some(({kind}) => kind === 'bare');
    github.addRepository(RIVAL, {visibility: 'private'});
    github.observe((event) => {
      if (event.kind === 'job') this.#jobChanged(event.job, event.action);
      else if (event.change === 'removed') this.#removed(event.runner);
      else if (event.change === 'registered' && event.runner.ephemeral) this.#copyElsewhere(event.runner);
    });
    if (setting.vm) this.#copyName(VM.name, [RIVAL, ...REPOSITORIES.filter((name) => name !== VM.repository)]);
  }

  /** What nobody connects GitHub removes by itself, after two weeks. */
  #removed(runner: Registration): void {
    const registeredAt = this.registrations.get(runner);
    if (registeredAt === undefined || this.github.scheduler.now() - registeredAt >= PERSISTENT_OFFLINE_LIMIT) return;
    this.violated('foreign_touched', `registration ${runner.name}`);
  }

  #jobChanged(job: Readonly<Job>, action: string): void {
    if (isTheirs(job)) return;
    if (action === 'queued' && job.status === 'queued' && this.#chance(0.15)) this.#takeName(job);
    if (action === 'completed' && job.runner === null && this.#chance(0.5)) this.#blame(job);
  }

  /** Before we register it. */
  #takeName(job: Readonly<Job>): void {
    const isShared = job.labels.includes('shared');
    if (job.labels.includes('persistent') || !this.#mayTakeNames) return;
    const pool = isShared ? 'shared' : job.labels.includes('gpu') ? 'spot' : 'arm';
    const scope: RunnerScope = isShared ? {kind: 'organization', org: 'acme'} : scopeOf(job.repository);
    const runner = this.#register(scope, `slipway-${pool}-${job.id}-1`);
    if (runner && !(this.#mayBeOffline && this.#chance(0.5))) this.github.runners.start(runner);
  }

  #copyElsewhere({name, scope}: Registration): void {
    if (!this.#chance(0.4)) return;
    const own = scope.kind === 'repository' ? `${scope.owner}/${scope.repo}` : '';
    this.#copyName(
      name,
      [RIVAL, ...REPOSITORIES].filter((repository) => repository !== own),
    );
  }

  #copyName(name: string, repositories: readonly string[]): void {
    const repository = repositories[this.random.below(repositories.length)] ?? RIVAL;
    this.#later(3 * MINUTE, () => {
      const runner = this.#register(scopeOf(repository), name);
      if (!runner) return;
      this.github.runners.start(runner);
      for (let jobs = 1 + this.random.below(3); jobs > 0; jobs--) {
        this.#later(5 * MINUTE, () => {
          this.github.queueJob({repository, labels: runner.labels, durationMs: 1_000 + this.random.below(MINUTE)});
        });
      }
    });
  }

  /** GitHub's word for it, with a runner of ours that works. */
  #blame(job: Readonly<Job>): void {
    const busy = this.github.runners
      .all()
      .filter((runner) => runner.ephemeral && runner.session !== null && runner.job?.status === 'in_progress');
    const runner = busy[this.random.below(busy.length || 1)];
    if (runner) announceOn(this.github, job, 'completed', runner);
  }

  #register(scope: RunnerScope, name: string): Registration | undefined {
    const {runners} = this.github;
    if (this.#count === MOST || runners.list(scope, name).length > 0) return undefined;
    const isTaken = runners
      .all()
      .some((one) => one.name === name && JSON.stringify(one.scope) === JSON.stringify(scope));
    if (isTaken) return undefined;
    const labels = [`${PREFIX}${++this.#count}`];
    const runner = runners.registerPersistent(scope, {name, labels, runnerGroupId: 1});
    this.registrations.set(runner, this.github.scheduler.now());
    return runner;
  }

  #later(withinMs: number, action: () => void): void {
    const {scheduler} = this.github;
    scheduler.at(scheduler.now() + this.random.below(withinMs), action);
  }

  #chance(share: number): boolean {
    return this.random.next() < share;
  }
}

function scopeOf(repository: string): RunnerScope {
  const [owner = '', repo = ''] = repository.split('/');
  return {kind: 'repository', owner, repo};
}
