import {GitHubDown, RateLimited} from '../errors';
import {githubBreaker} from '../model/breaker';
import {recordGitHubFailure} from '../runners/breakers';
import {noteIncomplete, type Sweep} from './context';

/** After this many consecutive failed calls the failure is not of a single repository. */
const MAX_UNANSWERED = 3;

/**
 * Decides whether an owner’s repositories are read: the refusal of one owner does not stop the others, and the failure of one repository
 * does not count as an outage of GitHub.
 */
export class OwnerGuard {
  readonly #sweep: Sweep;
  /** Owners that this sweep does not ask again, by the name of their breaker. */
  readonly #closed = new Set<string>();

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
    const {context, memory, readOnly} = this.#sweep;
    const owner = githubBreaker(name);
    const unanswered = error instanceof GitHubDown ? (memory.unanswered.get(owner) ?? 0) + 1 : 0;
    memory.unanswered.set(owner, unanswered);
    if (error instanceof RateLimited || unanswered >= MAX_UNANSWERED) {
      this.#closed.add(owner);
      if (!readOnly) await recordGitHubFailure(context, name, error);
    }
    noteIncomplete(this.#sweep, name, error);
  }
}
