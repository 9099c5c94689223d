import {taskName} from '../lifecycle/naming';
import type {JobKey} from '../store/documents';
import type {NewTask} from '../tasks/tasks';

/** Between an event that says that a job is queued again, and the second look that believes the event. */
const SECOND_LOOK_SECONDS = 120;

/** A job on record as running on `runner` may be queued again (null: no runner is known): GitHub is asked in two minutes. */
export function queuedAgainTask(job: JobKey, runner: string | null, cause: string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`queued-again/${job}/${cause}`, 'queued-again', job),
    body: {kind: 'queued_again', job, runner},
    delaySeconds: SECOND_LOOK_SECONDS,
  };
}
