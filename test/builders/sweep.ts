import type {DiscoveredDelivery, DiscoveredJob, Registration} from '../../shared/github/github';
import {type JobDocument, jobKeyOf} from '../../shared/model/job';
import type {RunnerDocument} from '../../shared/model/runner';
import {type RunnerScope, scopeKey} from '../../shared/model/scope';
import type {Observed, SeenJob, SeenMachine} from '../../shared/sweep/observed';
import {type Action, type Plan, plan} from '../../shared/sweep/plan';
import {aPool, NOW} from './lifecycle';

export const SCOPE: RunnerScope = {kind: 'repository', owner: 'acme', repo: 'app'};
export const LATER = NOW + 10 * 3600_000;

/** A world in which everything was listed and nothing is there. */
export function observed(overrides: Partial<Observed> = {}): Observed {
  return {
    deployment: 'slipway',
    startedAt: LATER,
    pools: [aPool()],
    webhooks: 'on',
    machines: [],
    unlisted: [],
    scopes: scopes(),
    sawEveryScope: true,
    runners: [],
    former: new Map(),
    jobs: new Map(),
    seen: new Map(),
    absent: new Set(),
    outOfReach: new Set(),
    vms: [],
    hosts: [],
    containers: [],
    standby: [],
    fingerprints: new Map(),
    standbyBreakers: new Map(),
    slots: [],
    held: new Set(),
    preempted: [],
    sightings: {},
    ...overrides,
  };
}

export function scopes(...runners: Partial<Registration>[]): Observed['scopes'] {
  const listed = runners.map((runner, index) => ({
    id: 100 + index,
    name: 'slipway-arm-1001-1',
    status: 'offline' as const,
    busy: false,
    labels: [],
    customLabels: [],
    ...runner,
  }));
  return new Map([[scopeKey(SCOPE), {scope: SCOPE, installationId: 42, runners: listed}]]);
}

export function jobs(...documents: JobDocument[]): Observed['jobs'] {
  return new Map(documents.map((job) => [jobKeyOf(job), job]));
}

export function seen(overrides: Partial<DiscoveredJob> = {}, isPublic = false): Observed['seen'] {
  const job: DiscoveredJob = {
    id: 1001,
    runId: 5001,
    runAttempt: 1,
    status: 'queued',
    conclusion: null,
    labels: ['self-hosted', 'linux'],
    runnerName: null,
    runnerId: null,
    workflow: null,
    url: 'https://github.com/acme/app/actions/runs/5001/job/1001',
    queuedAt: LATER - 3600_000,
    hasFailedStep: false,
    ...overrides,
  };
  const one: SeenJob = {repository: 'acme/app', installationId: 42, isPublic, job};
  return new Map([[`${job.id}-${job.runAttempt}`, one]]);
}

export function machine(runner: Pick<RunnerDocument, 'name'>, overrides: Partial<SeenMachine> = {}): SeenMachine {
  return {
    provider: 'gce',
    name: runner.name,
    id: runner.name,
    place: 'us-central1-a',
    status: 'running',
    createdAt: NOW,
    pool: 'arm',
    isKept: false,
    ...overrides,
  };
}

export function delivery(overrides: Partial<DiscoveredDelivery> = {}): DiscoveredDelivery {
  return {
    hook: {kind: 'app'},
    id: 1,
    guid: 'g',
    event: 'workflow_job',
    action: 'queued',
    deliveredAt: NOW,
    redelivery: false,
    ok: false,
    statusCode: 502,
    ...overrides,
  };
}

/** The plan of one sweep. */
export function once(overrides: Partial<Observed> = {}, now = LATER): readonly Action[] {
  return actionsOf(plan(observed(overrides), now));
}

/** The plan of the second of two sweeps that see the same, so many minutes apart. */
export function twice(overrides: Partial<Observed> = {}, minutes = 2): readonly Action[] {
  const first = plan(observed(overrides), LATER);
  return actionsOf(plan(observed({...overrides, sightings: first.sightings}), LATER + minutes * 60_000));
}

/** The actions of the last of several sweeps, one a minute. */
export function inTurn(...sweeps: readonly Partial<Observed>[]): readonly Action[] {
  let last: Plan | undefined;
  for (const [minute, overrides] of sweeps.entries()) {
    last = plan(observed({...overrides, sightings: last?.sightings ?? {}}), LATER + minute * 60_000);
  }
  return last ? actionsOf(last) : [];
}

function actionsOf({steps}: Plan): Action[] {
  return steps.map(({action}) => action);
}

/** `kind reason` of each. */
export function words(actions: readonly Action[]): string[] {
  return actions.map(({kind, reason}) => `${kind} ${reason}`);
}
