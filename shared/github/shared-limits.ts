import type {RateLimited} from '../errors';
import type {RunnerScope} from '../model/scope';

/** What is known of GitHub's limits of several Apps. */
export interface AppLimits {
  /** Until when the App is not asked for the owner, in milliseconds since the epoch; undefined: it may be asked now. */
  heldUntil(app: string, owner: string): Promise<number | undefined>;
  /** GitHub limits the App's installation on the owner's account. */
  limited(app: string, owner: string, limited: RateLimited): Promise<void>;
  /** GitHub answered the App for the owner. */
  answered(app: string, owner: string): Promise<void>;
}

/** What all processes of the deployment know of them: one that is told to wait tells the others. */
export interface SharedLimits extends AppLimits {
  /** What is known of them, for the calls of a dry run: what these learn is kept nowhere. */
  readonly whileDry: AppLimits;
  /** Waits for the turn of the next registration in the scope. Throws `RateLimited` if that is far away. */
  awaitTurn(scope: RunnerScope): Promise<void>;
}
