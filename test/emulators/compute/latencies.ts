/** Milliseconds from an accepted request to the end of its operation. */
export interface ComputeLatencies {
  /** From an accepted insert to RUNNING. */
  readonly insert: number;
  readonly delete: number;
  readonly start: number;
  readonly stop: number;
  readonly suspend: number;
  readonly reset: number;
  readonly setLabels: number;
  /** What a preempted VM has between the notice and its end. */
  readonly preempt: number;
  /** From a host error to the restart or the end. */
  readonly hostError: number;
}

export const LATENCIES: ComputeLatencies = {
  insert: 8_000,
  delete: 5_000,
  start: 8_000,
  stop: 15_000,
  suspend: 15_000,
  reset: 1_000,
  setLabels: 1_000,
  preempt: 30_000,
  hostError: 60_000,
};
