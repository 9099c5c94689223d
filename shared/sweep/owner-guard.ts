import {GitHubDown, RateLimited} from '../errors';
import {githubBreaker} from '../model/breaker';
import {recordGitHubFailure} from '../runners/breaker-failures';
import {noteIncomplete, type Sweep} from './context';

/** After so many repositories without an answer in a row the failure is GitHub's, and not that of a single repository. */
const MAX_UNANSWERED = 3;

/** So many of them have failed in this very sweep: one that never answers does not keep the owner's others from being asked for ever. */
const MAX_UNANSWERED_IN_SWEEP = 2;

/**
 * Decides whether an owner’s repositories are read: the refusal of one owner does not stop the others, and the failure of one repository
 * does not count as an outage of GitHub.
 */
export class OwnerGuard {
  readonly #sweep: Sweep;
  /** Owners that this sweep does not ask again, by the name of their breaker. */
  readonly #closed = new Set<string>();
  /** What GitHub did not answer for in this sweep, by the owner's breaker. */
  readonly #unanswered = new Map<string, Set<string>>();

  constructor(sweep: Sweep) {
    this.#sweep = sweep;
  }

  /** `name`: an organization, or `owner/repository`. */
  isClosed(name: string): boolean {
    return this.#closed.has(githubBreaker(name));
  }

  /** Runs `ask` unless the owner is closed. Never throws: records the failure. */
  async ask(name: string, ask: () => Promise<void>): Promise<void> {
    if (this.isClosed(name)) return;
    try {
      await ask();
      this.noteAnswer(name);
    } catch (error) {
      await this.noteFailure(name, error);
    }
  }

  noteAnswer(name: string): void {
    this.#sweep.memory.unanswered.delete(githubBreaker(name));
  }

  async noteFailure(name: string, error: unknown): Promise<void> {
    const {context, readOnly} = this.#sweep;
    const owner = githubBreaker(name);
    const isDown = this.#isDown(owner, name, error);
    if (error instanceof RateLimited || isDown) {
      this.#closed.add(owner);
      if (!readOnly) await recordGitHubFailure(context, name, error);
    }
    noteIncomplete(this.#sweep, name, error);
  }

  /** Whether so many of the owner's did not answer in a row that GitHub is down. */
  #isDown(owner: string, name: string, error: unknown): boolean {
    const {unanswered} = this.#sweep.memory;
    if (!(error instanceof GitHubDown)) {
      unanswered.delete(owner);
      return false;
    }
    const inSweep = new Set([...(this.#unanswered.get(owner) ?? []), name.toLowerCase()]);
    const inRow = new Set([...(unanswered.get(owner) ?? []), ...inSweep]);
    this.#unanswered.set(owner, inSweep);
    unanswered.set(owner, inRow);
    return inRow.size >= MAX_UNANSWERED && inSweep.size >= MAX_UNANSWERED_IN_SWEEP;
  }
}
