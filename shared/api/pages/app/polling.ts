import {useEffect, useRef, useState} from 'preact/hooks';
import {ask, messageOf} from './client';

export interface Polled<T> {
  readonly value: T | undefined;
  /** When the value was answered, in milliseconds since the epoch. */
  readonly at: number | undefined;
  /** Why the newest try failed; undefined: it did not. */
  readonly problem: string | undefined;
}

/**
 * Asks for `path` at once and then every `everyMs` milliseconds while the page is visible; at once when it becomes visible again. What was
 * answered last stays when a try fails. `path` undefined: asks nothing.
 */
export function usePolled<T>(path: string | undefined, everyMs: number): Polled<T> & {readonly again: () => void} {
  const [polled, setPolled] = useState<Polled<T>>({value: undefined, at: undefined, problem: undefined});
  const again = useRef<() => void>(() => undefined);
  useEffect(() => {
    if (path === undefined) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    let isOver = false;
    const poll = async () => {
      clearTimeout(timer);
      if (isAsking || isOver || document.visibilityState !== 'visible') return;
      isAsking = true;
      try {
        const value = await ask<T>(path);
        if (!isOver) setPolled({value, at: Date.now(), problem: undefined});
      } catch (error) {
        if (!isOver) setPolled((before) => ({...before, problem: messageOf(error)}));
      }
      isAsking = false;
      if (!isOver) timer = setTimeout(poll, everyMs);
    };
    again.current = () => void poll();
    const onVisible = () => void poll();
    document.addEventListener('visibilitychange', onVisible);
    void poll();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [path, everyMs]);
  return {...polled, again: () => again.current()};
}
