/**
 * The decision words of log lines, metrics, spans and Terraform's filters. The log line explains its word. A word is never renamed, because
 * dashboards and alerts of operators filter by it.
 */

/** What an event changed about a job. `late` and `duplicate`: nothing. `foreign`: neither the job nor the runner belongs to this deployment. */
const RECORDED = ['parked', 'started', 'finished', 'late', 'duplicate', 'foreign'] as const;

/** What happened to the runner of a completed job. Each word follows a word of `RECORDED`. */
const RELEASED = ['no_runner', 'left_at_work', 'left_to_sweep', 'gone', 'deleted'] as const;

/** What an event changed about a job of a persistent VM. */
const RECORDED_ON_VM = ['opened', 'started', 'parked', 'finished', 'unchanged', 'foreign'] as const;

export type Recorded = (typeof RECORDED)[number];
type RecordedOnVm = (typeof RECORDED_ON_VM)[number];
type Released = `${Recorded}_${(typeof RELEASED)[number]}`;

/** Outcomes of tasks without a reason. */
const PLAIN = [
  'unknown_job',
  'not_served',
  'waits_for_slot',
  'covered',
  'void',
  'runner_lives',
  'done',
  'gone',
  'deleted',
  'busy_after_all',
  'kept_warm',
  'idle_so_far',
  'busy',
  'deregistered',
  'not_registered',
  'missing',
  'repaired',
  'wanted',
  'preparing',
  'not_created',
] as const;

/** Outcomes of tasks with a reason, which says why or names the runner, the VM or the job. */
const EXPLAINED = [
  'booting',
  'alive',
  'not_wanted',
  'covered_by',
  'queued_again',
  'not_queued',
  'vm_started',
  'already_running',
  'cannot_take',
  'void',
  'busy',
  'stopped',
  'already_stopped',
] as const;

/** The outcome of a task: the decision of its log line and of its answer, and the reason if the decision has one. */
export type Outcome =
  | {readonly decision: (typeof PLAIN)[number] | Recorded | Released; readonly reason?: undefined}
  | {readonly decision: (typeof EXPLAINED)[number] | RecordedOnVm; readonly reason: string};

/** Outcomes of the sweep's actions. */
const SWEEP_OUTCOMES = [
  'created',
  'exists',
  'demanded',
  'placed',
  'requested',
  'rerun',
  'forgotten',
  'done',
  'void',
  'ended',
  'gone',
  'left',
  'preempted',
  'removed',
  'ready',
  'suspending',
] as const;

/** Decisions of other log lines. */
const OTHERS = [
  'abandoned',
  'alert',
  'answered',
  'app_left_out',
  'breaker_open',
  'cleaned_up',
  'created',
  'dead_letter',
  'drained',
  'dry_run',
  'enqueued',
  'failed',
  'fell_back',
  'github_limit_near',
  'given_up',
  'handed_over',
  'held',
  'ignored',
  'incomplete',
  'labels_unknown',
  'old_name',
  'preemption_unknown',
  'probed',
  'redelivered',
  'refused',
  'registration_left',
  'removed_by_hand',
  'requeued',
  'retried',
  'retry',
  'rung_failed',
  'runner_version_ends',
  'runs_another',
  'settle',
  'standby_claimed',
  'standby_created',
  'standby_failed',
  'stale_secret',
  'start_by_hand',
  'stop_by_hand',
  'stop_race',
  'taken_back',
  'undrained',
  'unserved',
  'untraced',
  'vanished',
  'waiting',
  'webhook_down',
  'webhook_silent',
  'webhook_up',
] as const;

export type SweepOutcome = (typeof SWEEP_OUTCOMES)[number];

export type Decision = Outcome['decision'] | SweepOutcome | (typeof OTHERS)[number];

/** Every decision. */
export const DECISIONS: ReadonlySet<Decision> = new Set<Decision>([
  ...PLAIN,
  ...EXPLAINED,
  ...RECORDED,
  ...RECORDED_ON_VM,
  ...RECORDED.flatMap((change) => RELEASED.map((end): Released => `${change}_${end}`)),
  ...SWEEP_OUTCOMES,
  ...OTHERS,
]);
