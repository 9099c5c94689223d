import type {OidcIssuer} from './oidc';
import type {Scheduler} from './scheduler';

export interface CloudSchedulerOptions {
  readonly scheduler: Scheduler;
  readonly oidc: OidcIssuer;
  /** Where the job posts to; also the audience of its token. */
  readonly url: string;
  readonly serviceAccount: string;
}

export interface SweepAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Google's Cloud Scheduler, as far as one job of it goes: posts with an OIDC token, now or every so often. */
export class CloudScheduler {
  readonly answers: SweepAnswer[] = [];
  readonly #options: CloudSchedulerOptions;
  readonly #pending = new Set<Promise<unknown>>();
  #cancel: () => void = () => undefined;

  constructor(options: CloudSchedulerOptions) {
    this.#options = options;
  }

  async trigger(query = ''): Promise<SweepAnswer> {
    const {oidc, url, serviceAccount} = this.#options;
    const token = await oidc.token({audience: url, email: serviceAccount});
    const response = await fetch(`${url}${query}`, {method: 'POST', headers: {authorization: `Bearer ${token}`}});
    const answer = {status: response.status, body: (await response.json()) as Record<string, unknown>};
    this.answers.push(answer);
    return answer;
  }

  /** From now on every so many seconds, the first time after `firstSeconds`; 0 ends it. */
  every(seconds: number, firstSeconds = seconds): void {
    this.#cancel();
    if (seconds === 0) return;
    const {scheduler} = this.#options;
    const next = (afterSeconds: number) => {
      this.#cancel = scheduler.at(scheduler.now() + afterSeconds * 1000, () => {
        // As Cloud Scheduler, which starts no run of a job while one is under way; a run that fails is followed by the next.
        if (this.#pending.size === 0) {
          const work = this.trigger()
            .then(ignore, ignore)
            .finally(() => this.#pending.delete(work));
          this.#pending.add(work);
        }
        next(seconds);
      });
    };
    next(firstSeconds);
  }

  /** Resolves when every call that was made is answered. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async close(): Promise<void> {
    this.every(0);
    await Promise.allSettled(this.#pending);
  }
}

/** From now to the next full minute. */
export function secondsToMinute(clock: Pick<Scheduler, 'now'>): number {
  return 60 - ((clock.now() / 1000) % 60);
}

const ignore = (): undefined => undefined;
