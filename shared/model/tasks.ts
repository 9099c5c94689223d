import {taskName} from '../lifecycle/naming';
import type {JobKey} from '../store/documents';
import type {NewTask} from '../tasks/tasks';

/** A job on record as running on a runner; null: no runner is known. */
export interface RunningJob {
  readonly job: JobKey;
  readonly runner: string | null;
}

/** Between an event that says that a job is queued again, and the second look that believes it. */
const SECOND_LOOK_SECONDS = 120;

/** An event said that the job is queued again. One that was late says the same: GitHub is asked in two minutes. */
export function queuedAgainTask({job, runner}: RunningJob, cause: string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`queued-again/${job}/${cause}`, 'queued-again', job),
    body: {kind: 'queued_again', job, runner},
    delaySeconds: SECOND_LOOK_SECONDS,
  };
}
