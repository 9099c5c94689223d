import {type Execution, executionPath, isFinished, type Job, jobPath} from './resources';

/** Numbers of the API's enums, which clients ask for with `enum-encoding=int`. */
const STATES = {CONDITION_PENDING: 1, CONDITION_RECONCILING: 2, CONDITION_FAILED: 3, CONDITION_SUCCEEDED: 4};
const REASONS = {NON_ZERO_EXIT_CODE: 2, CANCELLED: 3, CANCELLING: 4, DELETED: 5, DELAYED_START_PENDING: 6};

interface Condition {
  readonly type: string;
  readonly state: keyof typeof STATES;
  readonly executionReason?: keyof typeof REASONS;
  readonly message?: string;
}

export function jobResource(job: Job): object {
  return {
    name: jobPath(job),
    labels: job.labels,
    template: {labels: job.labels, taskCount: 1, template: taskTemplate(job, job)},
    terminalCondition: {type: 'Ready', state: STATES.CONDITION_SUCCEEDED},
  };
}

export function executionResource(execution: Execution): object {
  const {job, state, labels} = execution;
  return {
    name: executionPath(execution),
    uid: execution.name,
    generation: '1',
    labels: {...labels, 'run.googleapis.com/job': job.name},
    createTime: timeOf(execution.createdAtMs),
    ...(execution.startedAtMs === undefined ? {} : {startTime: timeOf(execution.startedAtMs)}),
    ...(execution.completedAtMs === undefined ? {} : {completionTime: timeOf(execution.completedAtMs)}),
    ...(execution.deletedAtMs === undefined ? {} : {deleteTime: timeOf(execution.deletedAtMs)}),
    job: job.name,
    parallelism: 1,
    taskCount: 1,
    template: taskTemplate(job, execution),
    reconciling: !isFinished(execution),
    conditions: conditionsOf(execution).map(numbered),
    runningCount: state === 'running' ? 1 : 0,
    succeededCount: state === 'succeeded' ? 1 : 0,
    failedCount: state === 'failed' ? 1 : 0,
    cancelledCount: state === 'cancelled' ? 1 : 0,
    logUri: `https://console.cloud.google.com/logs/viewer?project=${job.project}`,
  };
}

export function taskResource(execution: Execution): object {
  const {exitCode, state, message} = execution;
  const status = {code: exitCode === 0 ? 0 : 2, message};
  return {
    name: `${executionPath(execution)}/tasks/${execution.name}-task0`,
    job: execution.job.name,
    execution: execution.name,
    index: 0,
    ...(isFinished(execution) && state !== 'cancelled'
      ? {lastAttemptResult: {status, ...(exitCode === undefined ? {termSignal: 9} : {exitCode})}}
      : {}),
  };
}

/** Begun, and never seen done by who does not wait. */
export function operationResource(execution: Execution, id: string): object {
  const {project, region} = execution.job;
  const metadata = {'@type': 'type.googleapis.com/google.cloud.run.v2.Execution', ...executionResource(execution)};
  return {name: `projects/${project}/locations/${region}/operations/${id}`, metadata, done: false};
}

function taskTemplate(job: Job, {env, args, timeoutSeconds}: Pick<Job, 'env' | 'args' | 'timeoutSeconds'>): object {
  const {cpu, memory, maxRetries, accelerator} = job;
  const container = {
    image: 'us-docker.pkg.dev/world/runner/actions-runner',
    args,
    env: Object.entries(env).map(([name, value]) => ({name, value})),
    resources: {limits: {cpu, memory}},
  };
  return {
    containers: [container],
    maxRetries,
    timeout: `${timeoutSeconds}s`,
    ...(accelerator === undefined ? {} : {nodeSelector: {accelerator}}),
  };
}

function conditionsOf({state, message, exitCode}: Execution): Condition[] {
  const text = message ? {message} : {};
  const ready: Condition = {type: 'ResourcesAvailable', state: 'CONDITION_SUCCEEDED'};
  switch (state) {
    case 'pending':
      return [
        {type: 'Completed', state: 'CONDITION_RECONCILING', executionReason: 'DELAYED_START_PENDING', ...text},
        {type: 'ResourcesAvailable', state: 'CONDITION_RECONCILING'},
      ];
    case 'running':
      return [{type: 'Completed', state: 'CONDITION_RECONCILING'}, ready];
    case 'cancelling':
      return [{type: 'Completed', state: 'CONDITION_RECONCILING', executionReason: 'CANCELLING', ...text}, ready];
    case 'cancelled':
      return [{type: 'Completed', state: 'CONDITION_FAILED', executionReason: 'CANCELLED', ...text}, ready];
    case 'failed': {
      const reason = exitCode === undefined ? {} : {executionReason: 'NON_ZERO_EXIT_CODE' as const};
      return [{type: 'Completed', state: 'CONDITION_FAILED', ...reason, ...text}, ready];
    }
    case 'succeeded':
      return [{type: 'Completed', state: 'CONDITION_SUCCEEDED'}, ready];
  }
}

function numbered({state, executionReason, ...rest}: Condition): object {
  const reason = executionReason === undefined ? {} : {executionReason: REASONS[executionReason]};
  return {...rest, state: STATES[state], ...reason};
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
