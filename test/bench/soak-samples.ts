import {readdirSync} from 'node:fs';
import {median} from './result';
import type {ServedFunction} from './served';

/** What a process held at one moment. */
export interface Sample {
  readonly residentBytes: number;
  /** Open files, sockets and pipes. @see https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html */
  readonly handles: number;
}

export function sampleOf(served: ServedFunction): Sample {
  return {residentBytes: served.residentBytes(), handles: readdirSync(`/proc/${served.child.pid}/fd`).length};
}

/** Medians of the second quarter of the samples, when everything is warm, and of the last one. */
export interface Growth {
  readonly early: number;
  readonly late: number;
}

export function growthOf(samples: readonly Sample[], field: keyof Sample): Growth {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const of = (from: number, to?: number) => median(samples.slice(from, to).map((sample) => sample[field]));
  return {early: of(quarter, 2 * quarter), late: of(-quarter)};
}
