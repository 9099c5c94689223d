import {GitHubDown, RateLimited} from '../errors';
import {githubBreaker} from '../model/breaker';
import {recordGitHubFailure} from '../runners/breakers';
import {noteIncomplete, type Sweep} from './context';

/** Calls in a row that GitHub does not answer: it is not the one repository then. */
const MOST_UNANSWERED = 3;

/** Decides whether an owner's repositories are asked for: one owner's refusal is not another's, and one repository's failure is not GitHub's. */
export class OwnerGuard {
  readonly #sweep: Sweep;
  /** Owners that are not asked about again in this sweep, by the name of their breaker. */
  readonly #closed = new Set<string>();

  constructor(sweep: Sweep) {
    this.#sweep = sweep;
  }

  /** `name`: an organization, or `owner/repository`. */
  isClosed(name: string): boolean {
    return this.#closed.has(githubBreaker(name));
  }

  /** Asks, unless the owner is closed. Never throws: a failure is noted. */
  async attempt(name: string, ask: () => Promise<void>): Promise<void> {
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
    const {context, memory, readOnly} = this.#sweep;
    const owner = githubBreaker(name);
    const unanswered = error instanceof GitHubDown ? (memory.unanswered.get(owner) ?? 0) + 1 : 0;
    memory.unanswered.set(owner, unanswered);
    if (error instanceof RateLimited || unanswered >= MOST_UNANSWERED) {
      this.#closed.add(owner);
      if (!readOnly) await recordGitHubFailure(context, name, error);
    }
    noteIncomplete(this.#sweep, name, error);
  }
}
