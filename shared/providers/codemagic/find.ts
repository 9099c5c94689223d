import type {Clock} from '../../clock';
import {HOUR_MS} from '../../durations';
import {Unavailable} from '../../errors';
import {parseRunnerName} from '../../model/names';
import {readEach} from '../on-record';
import type {Machine, MachineStatus} from '../provider';
import type {Codemagic} from './client';
import {withCodemagicErrors} from './failure';
import {type Build, type Owner, ownerOf} from './ours';

/** The words for a build that has ended. `cancelled` stands in older documentation. @see https://docs.codemagic.io/rest-api/builds/ */
const ENDED = new Set(['finished', 'failed', 'canceled', 'cancelled', 'timeout', 'skipped', 'warning']);

/** Those for a build that came to a bad end by itself. */
const FAILED = new Set(['failed', 'timeout', 'skipped']);

/**
 * Builds that began longer ago have ended: CodeMagic's longest `max_build_duration` is three hours, and a build of ours that waits longer than
 * `bootMinutes` in the queue is cancelled. In milliseconds.
 */
const LONGEST_MS = 6 * HOUR_MS;

/** Pages that one list reads of a team, each of a hundred builds. */
const MOST_PAGES = 20;
/** Builds whose labels the list left out and that one list reads one by one. */
const MOST_READS = 200;
/** Builds of others that are kept in memory. */
const MOST_KNOWN = 2_000;

/** A build of this deployment that has not ended. */
export interface OwnBuild {
  readonly build: Build;
  readonly name: string;
  readonly isKept: boolean;
}

export interface FoundBuilds {
  readonly builds: readonly OwnBuild[];
  /** False: there may be more. */
  readonly complete: boolean;
}

export interface FinderOptions {
  readonly codemagic: Codemagic;
  readonly deployment: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Applications and workflows of our pools, as `app/workflow`: in these a build that does not tell whose it is may be ours. */
  readonly workflows: ReadonlySet<string>;
}

/** Finds the builds of this deployment that have not ended in the list of a team's builds, the newest first. */
export class BuildFinder {
  /** Builds that are not ours, and never will be. One of ours is read again each time, because a person may keep it. */
  readonly #foreign = new Set<string>();

  constructor(private readonly options: FinderOptions) {}

  async find(team: string): Promise<FoundBuilds> {
    const {builds, complete} = await this.#live(team);
    const found: OwnBuild[] = [];
    let isComplete = complete;
    const unlabelled: Build[] = [];
    for (const build of builds) {
      const owner = this.#ownerInList(build);
      if (owner.kind === 'ours') found.push({build, name: owner.name, isKept: owner.isKept});
      if (owner.kind === 'unknown') unlabelled.push(build);
    }
    const read = unlabelled.slice(0, MOST_READS);
    if (read.length < unlabelled.length) isComplete = false;
    await readEach(read, async (build) => {
      const owner = await this.#ownerByReading(build);
      if (owner.kind === 'ours') found.push({build, name: owner.name, isKept: owner.isKept});
      // What cannot be told is not ours; but in a workflow of ours it may be.
      const mayBeOurs = this.options.workflows.has(`${build.app}/${build.workflow}`);
      if (owner.kind === 'unread' || (owner.kind === 'unknown' && mayBeOurs)) isComplete = false;
    });
    return {builds: found.sort((a, b) => (b.build.createdAt ?? 0) - (a.build.createdAt ?? 0)), complete: isComplete};
  }

  /** @throws Unavailable when it is not certain that there is none. */
  async findNamed(teams: readonly string[], name: string): Promise<readonly OwnBuild[]> {
    const lists = await Promise.all(teams.map((team) => this.find(team)));
    const found = lists.flatMap(({builds}) => builds).filter((one) => one.name === name);
    if (found.length === 0 && lists.some(({complete}) => !complete)) {
      throw new Unavailable(`build ${name} is not in CodeMagic’s list, which could not be read wholly`, 10);
    }
    return found;
  }

  /** The team's builds that have not ended. */
  async #live(team: string): Promise<{readonly builds: readonly Build[]; readonly complete: boolean}> {
    const {codemagic, clock} = this.options;
    const oldest = clock.now() - LONGEST_MS;
    const live: Build[] = [];
    let cursor: string | undefined;
    for (let page = 1; page <= MOST_PAGES; page++) {
      const {builds, cursor: next} = await withCodemagicErrors(codemagic.listBuilds(team, cursor));
      live.push(...builds.filter(({status}) => !hasEnded(status)));
      const isPast = builds.length > 0 && builds.every(({createdAt}) => createdAt !== undefined && createdAt < oldest);
      if (next === undefined || isPast) return {builds: live, complete: true};
      cursor = next;
    }
    return {builds: live, complete: false};
  }

  #ownerInList(build: Build): Owner {
    if (this.#foreign.has(build.id)) return {kind: 'foreign'};
    return ownerOf(this.options.deployment, build);
  }

  async #ownerByReading({id}: Build): Promise<Owner | {readonly kind: 'unread'}> {
    const {codemagic, deployment} = this.options;
    const read = await codemagic.getBuild(id).catch(() => 'unread' as const);
    if (read === 'unread') return {kind: 'unread'};
    // It is gone since it was listed.
    if (!read) return {kind: 'foreign'};
    const owner = ownerOf(deployment, read);
    if (owner.kind === 'foreign') this.#remember(id);
    return owner;
  }

  #remember(id: string): void {
    const [oldest] = this.#foreign;
    if (oldest !== undefined && this.#foreign.size >= MOST_KNOWN) this.#foreign.delete(oldest);
    this.#foreign.add(id);
  }
}

/** Whether a build of this status has ended. A word that CodeMagic's documentation lacks counts as running: such a build is not forgotten. */
export function hasEnded(status: string): boolean {
  return ENDED.has(status);
}

export function hasFailed(status: string): boolean {
  return FAILED.has(status);
}

/** The build as a machine. `now`: for a build that does not tell its age. */
export function asMachine({build, name, isKept}: OwnBuild, deployment: string, now: number): Machine {
  return {
    name,
    id: build.id,
    place: build.app ?? '',
    status: statusOf(build.status),
    createdAt: build.createdAt ?? now,
    pool: parseRunnerName(deployment, name)?.pool ?? '',
    isKept,
  };
}

function statusOf(status: string): MachineStatus {
  if (status === 'queued') return 'queued';
  return status === 'finishing' ? 'stopping' : 'running';
}
