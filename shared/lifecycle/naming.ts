import {createHash} from 'node:crypto';
import {isPoolName, isRfc1035} from '../model/names';
import type {JobKey} from '../store/documents';

/** Runner name = VM name: `<deployment>-<pool>-<job id>-<n>`, RFC 1035, ≤ 63 characters; `n` counts creations from 1. */
export function runnerName(deployment: string, pool: string, jobId: number, n: number): string {
  const name = `${deployment}-${pool}-${jobId}-${n}`;
  if (!isRfc1035(name)) {
    throw new RangeError(
      `runner name ${name} is no RFC 1035 name of at most 63 characters; shorten DEPLOYMENT or the pool's name`,
    );
  }
  return name;
}

export interface ParsedRunnerName {
  readonly pool: string;
  readonly jobId: number;
  readonly n: number;
}

/** The parts of a runner's name, or undefined when this deployment did not give it. A pool's name may hold dashes. */
export function parseRunnerName(deployment: string, name: string): ParsedRunnerName | undefined {
  if (!isRfc1035(name) || !name.startsWith(`${deployment}-`)) return undefined;
  const match = /^([a-z](?:[-a-z0-9]*[a-z0-9])?)-(\d+)-(\d+)$/.exec(name.slice(deployment.length + 1));
  if (!match?.[1] || !isPoolName(match[1])) return undefined;
  return {pool: match[1], jobId: Number(match[2]), n: Number(match[3])};
}

export function jobKeyOf(job: {readonly jobId: number; readonly runAttempt: number}): JobKey {
  return `${job.jobId}-${job.runAttempt}`;
}

/**
 * Cloud Tasks id, `[A-Za-z0-9_-]{1,500}`. It starts with a hash, because sequential names slow a queue down, and ends with
 * what a person looks for.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#Task
 */
export function taskName(key: string, ...readable: (string | number)[]): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const tail = readable.map((part) => String(part).replace(/[^A-Za-z0-9_-]/g, '_')).join('-');
  return `${hash}-${tail}`.slice(0, 500);
}
