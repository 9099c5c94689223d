/** The only source of time. Passed in everywhere, so that tests and the simulation run on a virtual clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds of this clock. */
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** The time-out of network calls: rejects with `onTimeout()` if `work` has not settled after `ms` milliseconds of real time. */
export async function withDeadline<T>(ms: number, work: Promise<T>, onTimeout: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onTimeout()), ms);
    // The timer must not keep the process alive; `work` does so itself.
    timer.unref();
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** A clock with timers, for a queue. The schedulers of the emulators implement it, too. */
export interface TimerClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `action` at `timeMs`, or at once if `timeMs` is past. Returns a function that cancels the timer. */
  at(timeMs: number, action: () => void): () => void;
}

/** `setTimeout` counts in 32 bits and fires at once beyond them. @see https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Real time. */
export const systemTimerClock: TimerClock = {
  now: () => Date.now(),
  at(timeMs, action) {
    let timer: NodeJS.Timeout;
    const arm = () => {
      const ms = Math.max(0, timeMs - Date.now());
      timer = ms > LONGEST_TIMER_MS ? setTimeout(arm, LONGEST_TIMER_MS) : setTimeout(action, ms);
    };
    arm();
    return () => clearTimeout(timer);
  },
};
