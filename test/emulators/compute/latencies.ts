import type {Instance} from './resources';

/** Milliseconds, or how many it takes for one instance. */
export type Latency = number | ((instance: Instance) => number);

/** Milliseconds from an accepted request to the end of its operation. */
export interface ComputeLatencies {
  /** From an accepted insert to RUNNING, which is when the kernel starts. */
  readonly insert: Latency;
  readonly delete: number;
  /** From TERMINATED to RUNNING. */
  readonly start: Latency;
  /** From SUSPENDED to RUNNING: the guest goes on where it was. */
  readonly resume: Latency;
  readonly stop: number;
  readonly suspend: number;
  readonly reset: number;
  readonly setLabels: number;
  readonly setMetadata: number;
  /** What a preempted VM has between the notice and its end. */
  readonly preempt: number;
  /** From a host error to the restart or the end. */
  readonly hostError: number;
}

export const LATENCIES: ComputeLatencies = {
  insert: 8_000,
  delete: 5_000,
  start: 8_000,
  resume: 8_000,
  stop: 15_000,
  suspend: 15_000,
  reset: 1_000,
  setLabels: 1_000,
  setMetadata: 1_000,
  preempt: 30_000,
  hostError: 60_000,
};

export function latencyOf(latency: Latency, instance: Instance): number {
  return typeof latency === 'number' ? latency : latency(instance);
}
