import type {JobDocument} from '../../shared/model/job';
import {applyJobEvent, type JobEvent} from '../../shared/model/job-event';
import type {Pool} from '../../shared/model/pool';
import {newRunnerForJob, type RunnerDocument} from '../../shared/model/runner';

export const NOW = Date.parse('2026-11-01T12:00:00Z');

export function aPool(overrides: Partial<Pool> = {}): Pool {
  return {
    name: 'arm',
    scope: {kind: 'repositories', patterns: ['acme/*']},
    requires: ['self-hosted', 'linux'],
    offers: null,
    acceptsUnlabeled: false,
    runnerGroup: 'Default',
    maxRunners: 5,
    minIdle: 0,
    bootMinutes: 5,
    idleMinutes: 10,
    jobMinutes: 120,
    allowPublicRepos: false,
    rerunOnPreemption: false,
    priority: 0,
    provider: {type: 'gce', template: 'runner-arm64', zones: ['us-central1-a', 'us-central1-b'], spot: 'never'},
    ...overrides,
  } as Pool;
}

let deliveries = 0;

export function anEvent(overrides: Partial<JobEvent> = {}): JobEvent {
  return {
    jobId: 1001,
    runId: 5001,
    runAttempt: 1,
    status: 'queued',
    repository: 'acme/app',
    labels: ['self-hosted', 'linux'],
    pool: 'arm',
    runnerName: null,
    runnerId: null,
    workflow: null,
    installationId: 42,
    url: null,
    createdAt: NOW,
    receivedAt: null,
    delivery: `delivery-${++deliveries}`,
    ...overrides,
  };
}

/** A job after the events of these statuses. */
export function aJob(overrides: Partial<JobDocument> = {}, event: Partial<JobEvent> = {}): JobDocument {
  const {job} = applyJobEvent(undefined, anEvent({jobId: overrides.jobId ?? 1001, ...event}), NOW);
  return {...job, ...overrides};
}

export function aRunner(job: JobDocument, overrides: Partial<RunnerDocument> = {}): RunnerDocument {
  const scope = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
  const name = `slipway-arm-${job.jobId}-1`;
  const runner = newRunnerForJob({name, job, provider: 'gce', scope, labels: job.labels, slot: 'arm.0', now: NOW});
  return {...runner, state: 'booting', ...overrides};
}
