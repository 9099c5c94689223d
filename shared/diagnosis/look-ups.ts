import {TtlCache} from '../cache';
import {type Clock, withDeadline} from '../clock';
import {MINUTE_MS} from '../durations';
import {QueueStopped, RefusedByGitHub, SlipwayError, Unavailable} from '../errors';
import type {
  DiscoveredRepository,
  Discovery,
  GitHubFor,
  Listed,
  NamedRepository,
  Registration,
  RepositoryAccess,
  RepositoryVisibility,
} from '../github/github';
import {takesRepository} from '../model/matching';
import {isSpeltOut} from '../model/names';
import type {Pool} from '../model/pool';
import type {RunnerScope} from '../model/scope';
import {scrubSecrets} from '../secret';
import {batches} from './batches';
import type {JobLook, RegistrationLook} from './looked-at';

/** Calls of GitHub a minute, whoever asks. */
const CALLS_A_MINUTE = 60;

/** Below this share of GitHub's own limit nothing is asked: jobs need the rest. */
const LEAST_LEFT = 0.3;

// mutation: answers are kept
const KEPT_MS = 60_000;
const KEPT_ANSWERS = 500;

/** Of real time, for all that one question asks; and for the search of a job whose repository is not known. */
const QUESTION_MS = 10_000;
const SEARCH_MS = 5_000;

/** Of real time, for the last line of a machine's console. */
const CONSOLE_MS = 5_000;

/** Of real time, for the state of the queue; and how long it is kept: a person who resumes the queue looks again at once. */
const QUEUE_MS = 3_000;
const QUEUE_KEPT_MS = 10_000;

/** Repositories of a search, and how many are asked at once. */
const MOST_SEARCHED = 30;
const AT_ONCE = 5;

/** Which repositories there are changes slowly. */
const REPOSITORIES_KEPT_MS = 10 * MINUTE_MS;

/** A page of a list of repositories. */
const A_PAGE = 100;

const NOTHING: Listed<DiscoveredRepository> = {items: [], failure: undefined};

export interface LookUpsOptions {
  readonly discovery: () => Discovery;
  readonly github: GitHubFor;
  readonly clock: Clock;
}

/** The budget of the minute is used up, or GitHub's own limit is near. */
class NotAsked extends Error {}

/**
 * What people's questions ask of GitHub, within bounds, so that looking costs the jobs nothing: 60 calls a minute in all, none below 30 % of
 * GitHub's limit, answers are kept for 60 seconds. Never throws: what is not answered is a look of its own. Make one for a process.
 */
export class LookUps {
  readonly #options: LookUpsOptions;
  readonly #jobs: TtlCache<JobLook>;
  readonly #registrations: TtlCache<Registration | 'absent'>;
  readonly #repositories: TtlCache<Listed<DiscoveredRepository>>;
  readonly #consoles: TtlCache<string>;
  readonly #queues: TtlCache<string>;
  readonly #visibilities: TtlCache<RepositoryVisibility | 'absent'>;
  #callsAtMs: number[] = [];

  constructor(options: LookUpsOptions) {
    this.#options = options;
    this.#jobs = new TtlCache(options.clock, {maxEntries: KEPT_ANSWERS});
    this.#registrations = new TtlCache(options.clock, {maxEntries: KEPT_ANSWERS});
    this.#repositories = new TtlCache(options.clock);
    this.#consoles = new TtlCache(options.clock, {maxEntries: KEPT_ANSWERS});
    this.#queues = new TtlCache(options.clock, {maxEntries: KEPT_ANSWERS});
    this.#visibilities = new TtlCache(options.clock, {maxEntries: KEPT_ANSWERS});
  }

  /** The job of a known repository. `version`: a record's, which a kept answer has to be of. */
  job(repository: NamedRepository, jobId: number, version: number): Promise<JobLook> {
    const key = `${repository.fullName.toLowerCase()}/${jobId}/${version}`;
    return this.#kept(key, QUESTION_MS, () => this.#jobIn(repository, jobId));
  }

  /** The job in the repositories that the pools spell out or match, those with the newest activity first. */
  search(jobId: number, pools: readonly Pool[]): Promise<JobLook> {
    return this.#kept(`?/${jobId}`, SEARCH_MS, () => this.#search(jobId, pools));
  }

  /**
   * A runner's registration, by its id or else by its name. `version`: a record's, which a kept answer has to be of. An older one does not go
   * together with what is on record since.
   */
  async registration(
    {scope, installationId}: {readonly scope: RunnerScope; readonly installationId: number | null},
    by: {readonly id: number} | {readonly name: string},
    version: number,
  ): Promise<RegistrationLook> {
    const key = JSON.stringify([scope, by, version]).toLowerCase();
    return this.#foundIn(this.#registrations, key, () => {
      const github = this.#options.github(scope, installationId ?? undefined);
      return 'id' in by ? github.getRunner(by.id) : github.findRunner(by.name);
    });
  }

  /** Whether a repository, `owner/name`, is public. */
  visibility(fullName: string): Promise<RepositoryVisibility | 'absent' | 'unknown'> {
    return this.#foundIn(this.#visibilities, fullName.toLowerCase(), () =>
      this.#options.discovery().visibility({fullName, installationId: null}),
    );
  }

  /** The answer of one call, from the cache if it is kept there. */
  async #foundIn<T extends {}>(
    cache: TtlCache<T | 'absent'>,
    key: string,
    call: () => Promise<T | undefined>,
  ): Promise<T | 'absent' | 'unknown'> {
    const known = cache.get(key);
    if (known !== undefined) return known;
    try {
      this.#spend(1);
      const look = (await inTime(QUESTION_MS, call())) ?? 'absent';
      cache.set(key, look, this.#options.clock.now() + KEPT_MS);
      return look;
    } catch (error) {
      if (error instanceof NotAsked || error instanceof SlipwayError) return 'unknown';
      throw error;
    }
  }

  /**
   * What the console of a runner's machine said last, as `read` asks its provider; undefined: nothing, or no answer within 5 seconds. Kept as
   * GitHub's answers are, no answer too.
   */
  async console(runner: string, read: () => Promise<string | undefined>): Promise<string | undefined> {
    const ask = async () => {
      try {
        const noAnswer = () => new Unavailable('the provider did not answer', 10);
        return (await withDeadline(CONSOLE_MS, read(), noAnswer)) ?? '';
      } catch (error) {
        if (error instanceof SlipwayError) return '';
        throw error;
      }
    };
    return (await this.#consoles.load(runner, ask, KEPT_MS)) || undefined;
  }

  /** Why the queue of the owner's tasks hands out none, as `check` of Cloud Tasks refuses it; undefined: it does, or it cannot be told. */
  async queue(owner: string, check: () => Promise<void>): Promise<string | undefined> {
    const ask = async () => {
      try {
        await inTime(QUEUE_MS, check(), 'Cloud Tasks');
        return '';
      } catch (error) {
        if (error instanceof SlipwayError) return error instanceof QueueStopped ? scrubSecrets(error.message) : '';
        throw error;
      }
    };
    return (await this.#queues.load(owner.toLowerCase(), ask, QUEUE_KEPT_MS)) || undefined;
  }

  async #kept(key: string, ms: number, look: () => Promise<JobLook>): Promise<JobLook> {
    const {clock} = this.#options;
    const known = this.#jobs.get(key);
    if (known) return known;
    try {
      const found = await inTime(ms, look());
      this.#jobs.set(key, found, clock.now() + KEPT_MS);
      return found;
    } catch (error) {
      return {kind: 'no_answer', because: sentenceOf(error)};
    }
  }

  async #jobIn(repository: NamedRepository, jobId: number): Promise<JobLook> {
    const {fullName} = repository;
    try {
      const seen = await this.#glance(repository, jobId);
      if (seen) return seen;
    } catch (error) {
      if (!isInstallation(error)) throw error;
    }
    const access = await this.#access(repository);
    if (access !== 'granted') return {kind: 'no_access', repository: fullName, access};
    return {kind: 'absent', where: `repository ${fullName}`};
  }

  async #access(repository: NamedRepository): Promise<RepositoryAccess> {
    this.#spend(2);
    return this.#options.discovery().access(repository);
  }

  async #search(jobId: number, pools: readonly Pool[]): Promise<JobLook> {
    const {items: repositories, failure: listFailure} = await this.#searched(pools);
    let failure: unknown;
    const glance = (repository: NamedRepository) =>
      this.#glance(repository, jobId).catch((reason: unknown) => ({kind: 'failed', reason}) as const);
    for await (const looks of batches(repositories, AT_ONCE, glance)) {
      for (const look of looks) {
        if (look?.kind === 'failed') failure ??= look.reason;
        else if (look) return look;
      }
      if (failure instanceof NotAsked) break;
    }
    failure ??= listFailure;
    if (failure !== undefined && !isInstallation(failure)) throw failure;
    const where = repositories.length === 1 ? repositories[0]?.fullName : `${repositories.length} repositories`;
    return {kind: 'absent', where: `the ${where ?? 'repositories'} of the pools that were asked`};
  }

  async #glance(repository: NamedRepository, jobId: number): Promise<JobLook | undefined> {
    this.#spend(1);
    const job = await this.#options.discovery().job(repository, jobId);
    if (!job) return undefined;
    this.#spend(1);
    const run = await this.#options.discovery().run(repository, job.runId);
    return {kind: 'seen', job, repository: repository.fullName, isPublic: run?.isPublic ?? null};
  }

  /**
   * At most 30 of those that the pools spell out, and of those that the App or the token sees the ones that a pool matches. The newest activity
   * first; how active one is that is not seen is not known. Where all are spelt out and none is left out, nobody need be asked.
   */
  async #searched(pools: readonly Pool[]): Promise<Listed<NamedRepository>> {
    const spelt = pools.flatMap(({scope}) => (scope.kind === 'repositories' ? scope.patterns.filter(isSpeltOut) : []));
    const isOpen =
      new Set(spelt).size > MOST_SEARCHED ||
      pools.some(
        ({scope}) =>
          scope.kind === 'organization' || scope.patterns.some((each) => !each.startsWith('!') && !isSpeltOut(each)),
      );
    const {items: seen, failure} = isOpen ? await this.#visible() : NOTHING;
    const matched = seen.filter(({fullName}) => pools.some((pool) => takesRepository(pool, fullName)));
    const names = new Set(matched.map(({fullName}) => fullName.toLowerCase()));
    const others = [...new Set(spelt)].filter((fullName) => !names.has(fullName.toLowerCase()));
    const byActivity = [...matched].sort((a, b) => (b.pushedAt ?? 0) - (a.pushedAt ?? 0));
    const named = others.map((fullName) => ({fullName, installationId: null}));
    return {items: [...byActivity, ...named].slice(0, MOST_SEARCHED), failure};
  }

  /** Callers at the same time wait for one list. A list that is not complete is used, and not kept. */
  #visible(): Promise<Listed<DiscoveredRepository>> {
    const read = async () => {
      this.#spend(2);
      const list = await this.#options.discovery().listRepositories();
      // What a list of several pages cost is known afterwards.
      this.#spent(Math.floor(list.items.length / A_PAGE));
      return list;
    };
    return this.#repositories.load('', read, ({failure}) =>
      failure === undefined ? this.#options.clock.now() + REPOSITORIES_KEPT_MS : 0,
    );
  }

  /** Throws `NotAsked`. */
  #spend(calls: number): void {
    const now = this.#options.clock.now();
    if (this.#options.discovery().remainingQuota() < LEAST_LEFT) {
      throw new NotAsked('less than 30 % of GitHub’s rate limit is left, which is kept for the jobs');
    }
    this.#callsAtMs = this.#callsAtMs.filter((at) => now - at < MINUTE_MS);
    if (this.#callsAtMs.length + calls > CALLS_A_MINUTE) {
      const [oldest = now] = this.#callsAtMs;
      const seconds = Math.ceil((oldest + MINUTE_MS - now) / 1000);
      throw new NotAsked(
        `it was asked ${CALLS_A_MINUTE} times in this minute by questions like this; again in ${seconds} s`,
      );
    }
    this.#spent(calls);
  }

  #spent(calls: number): void {
    const now = this.#options.clock.now();
    for (let call = 0; call < calls; call++) this.#callsAtMs.push(now);
  }
}

function inTime<T>(ms: number, work: Promise<T>, who = 'GitHub'): Promise<T> {
  return withDeadline(ms, work, () => new Unavailable(`${who} did not answer within ${ms / 1000} s`, 10));
}

function isInstallation(error: unknown): boolean {
  return error instanceof RefusedByGitHub && error.reason === 'installation';
}

function sentenceOf(error: unknown): string {
  if (error instanceof NotAsked) return error.message;
  return error instanceof SlipwayError ? scrubSecrets(error.message) : 'an unexpected failure, which the log describes';
}
