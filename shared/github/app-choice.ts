import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {POINTS_A_MINUTE} from '../model/github-points';
import {ownerOf, type RunnerScope} from '../model/scope';
import type {PlacedApp} from './acting-apps';
import type {GitHubFor} from './github';

/** GitHub by one of several Apps. */
export interface ShareableApp extends PlacedApp {
  readonly forScope: GitHubFor;
  /** Share of the hour's requests that the installation on the scope's owner has left by GitHub's latest answer, 0 to 1; 1 if not known. */
  left(scope: RunnerScope): number;
}

/** Points that the sweep takes of the first App in a minute: its allowance (see sweep/scan-budget.ts). Others carry it only where the first App does not act. */
const SWEEP_POINTS = 60;

/** Of an App that has nothing left of its hour: it comes last, and GitHub says when the next hour begins. */
const LEAST_SHARE = 0.001;

/** Spreads calls over the Apps by what each has left. GitHub tells of the hour; of the minute, what this process has sent counts. */
export class AppChoice {
  readonly #clock: Pick<Clock, 'now'>;
  /** The calls of the last minute, by App and owner, oldest first. */
  readonly #sent = new Map<string, {atMs: number; points: number}[]>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Counts a call that is about to be sent. */
  spend({name}: ShareableApp, owner: string, points: number): void {
    const key = `${name} ${owner}`;
    const sent = this.#recent(key);
    sent.push({atMs: this.#clock.now(), points});
    this.#sent.set(key, sent);
  }

  /** The Apps, the one with most left first: the load of each grows in proportion to what it has left of its hour. */
  order(apps: readonly ShareableApp[], scope: RunnerScope): ShareableApp[] {
    const owner = ownerOf(scope);
    const load = (app: ShareableApp, index: number) => {
      const points = this.#recent(`${app.name} ${owner}`).reduce((sum, call) => sum + call.points, 0);
      return (points + (index === 0 ? this.#sweepShare(points) : 0)) / Math.max(LEAST_SHARE, app.left(scope));
    };
    return apps
      .map((app, index) => ({app, load: load(app, index)}))
      .sort((a, b) => a.load - b.load)
      .map(({app}) => app);
  }

  /** The sweep's points, as a part of the load that this process puts on the App: other processes carry the other parts. */
  #sweepShare(points: number): number {
    return (points * SWEEP_POINTS) / (POINTS_A_MINUTE - SWEEP_POINTS);
  }

  #recent(key: string): {atMs: number; points: number}[] {
    const since = this.#clock.now() - MINUTE_MS;
    const sent = this.#sent.get(key);
    if (!sent) return [];
    const first = sent.findIndex(({atMs}) => atMs > since);
    if (first === -1) this.#sent.delete(key);
    else if (first > 0) sent.splice(0, first);
    return first === -1 ? [] : sent;
  }
}
