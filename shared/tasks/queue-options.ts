import type {TimerClock} from '../clock';
import type {Dispatcher} from './dispatch';
import type {QueueLimits} from './queue-limits';
import type {QueuedTask} from './task-register';

export interface QueueOptions<Payload> {
  /** The queue's id. */
  readonly name: string;
  readonly timers: TimerClock;
  readonly dispatch: Dispatcher<Payload>;
  readonly limits?: Partial<QueueLimits>;
  /** `true` (default): tasks run when they are due. `false`: when `dispatchDue` or `drain` is called. */
  readonly autoDispatch?: boolean;
  /** Hears of each task that is deleted after its last attempt. */
  readonly onExhausted?: (task: QueuedTask<Payload>) => void;
}

export interface QueueTask<Payload> {
  readonly name: string;
  readonly payload: Payload;
  /** Default: now. */
  readonly scheduleTimeMs?: number;
  readonly dispatchDeadlineMs?: number;
}
