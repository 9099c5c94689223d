/** A clock that also wakes up: what a queue needs of time. The world's schedulers are ones too. */
export interface TimerClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `action` at `timeMs`, soon when that is past. Returns what takes it back. */
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
