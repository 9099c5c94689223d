/** What Node gives besides `setTimeout`, all of which goes on. */
const REAL = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
] as const;

/**
 * From here to `releaseTimeouts` no time-out ends by itself, however slow the machine: those that `setTimeout` and
 * `AbortSignal.timeout` make wait for `pass`. Sockets and all other timers are real.
 */
export function holdTimeouts(): void {
  jest.useFakeTimers({doNotFake: [...REAL]});
  jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new DOMException('no answer in time', 'TimeoutError')), ms);
    return controller.signal;
  });
}

export function releaseTimeouts(): void {
  jest.restoreAllMocks();
  jest.useRealTimers();
}

/** Lets `ms` pass for all time-outs as soon as `ready`, e.g. as soon as a server holds the request that it will not answer. */
export async function pass(ms: number, ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise((resolve) => setImmediate(resolve));
  await jest.advanceTimersByTimeAsync(ms);
}
