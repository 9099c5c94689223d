import * as z from 'zod';

/**
 * What the command line reads of the API's answers: no more than it shows, so that it works with an api that is a little older or newer.
 * `shared/api` says what the fields mean.
 */

const Text = z.string().nullish();
const Count = z.number().nullish();
const Labels = z.array(z.string()).default([]);

export const Job = z.object({
  id: z.string(),
  repository: z.string(),
  pool: Text,
  labels: Labels,
  status: z.string(),
  demand: Text,
  runner: Text,
  url: Text,
  queued_at: Text,
});
export type Job = z.output<typeof Job>;

export const Runner = z.object({
  id: z.string(),
  name: z.string(),
  pool: z.string(),
  state: z.string(),
  repository: Text,
  org: Text,
  labels: Labels,
  job_id: z.number().nullish(),
  zone: Text,
  machine_type: Text,
  spot: z.boolean().nullish(),
  state_at: Text,
});
export type Runner = z.output<typeof Runner>;

export const DeadLetter = z.object({
  id: z.string(),
  kind: Text,
  error: z.string(),
  job: Text,
  url: Text,
  attempts: z.number(),
  count: z.number().default(1),
  at: z.string(),
});
export type DeadLetter = z.output<typeof DeadLetter>;

export const Status = z.object({
  max_concurrent: z.number(),
  pools: z.array(z.object({name: z.string(), limit: z.number(), states: z.record(z.string(), z.number())})),
  active_runners: z.array(
    z.object({
      name: z.string(),
      pool: z.string(),
      state: z.string(),
      job_id: z.number().nullish(),
      running_seconds: Count,
    }),
  ),
  active_runners_total: Count,
  waiting_jobs: z.array(
    z.object({
      job_id: z.number(),
      repository: z.string(),
      pool: Text,
      labels: Labels,
      runner: Text,
      url: Text,
      age_seconds: z.number(),
      verdict: Text,
      because: Text,
    }),
  ),
  waiting_jobs_total: Count,
  unserved_jobs: z
    .array(
      z.object({
        id: z.number().nullish(),
        repository: z.string(),
        labels: Labels,
        url: Text,
        verdict: Text,
        because: Text,
      }),
    )
    .default([]),
  last_sweep: z
    .object({
      age_seconds: Count,
      finished: z.boolean().nullish(),
      because: Text,
      incomplete: z.array(z.string()).default([]),
    })
    .nullable(),
  breakers: z.array(z.object({name: z.string(), reason: Text, message: Text, next_probe_at: Text})),
  standby: z
    .array(
      z.object({
        pool: z.string(),
        wanted: z.number(),
        ready: z.number(),
        preparing: z.number(),
        claimed: z.number(),
      }),
    )
    .default([]),
  deadletters: z.number(),
  github_app: Text,
});
export type Status = z.output<typeof Status>;

export const Host = z.object({
  name: z.string(),
  capacity: z.number(),
  containers: z.number(),
  last_seen: Text,
  silent: z.boolean(),
  vm: z.string().nullable().default(null),
  agent: Text,
});
export type Host = z.output<typeof Host>;

export const Hosts = z.object({deployment: z.string(), hosts: z.array(Host)});

export const CreatedRunners = z.object({
  runners: z.array(z.object({id: z.string(), pool: z.string(), state: z.string()})),
});

/** Of what changes one thing: where it is now. */
export const Outcome = z.object({status: z.string(), operation: Text, task: Text});

export const Finding = z.object({check: z.string(), status: z.string(), because: z.string(), do: z.string()});
export type Finding = z.output<typeof Finding>;

export const Doctor = z.object({status: z.string(), findings: z.array(Finding)});

export const Explanation = z.object({
  job: z
    .object({
      id: z.number(),
      attempt: z.number(),
      url: Text,
      repository: z.string(),
      labels: Labels,
      status_at_github: Text,
      queued_at: Text,
    })
    .nullable(),
  verdict: z.string(),
  since: Text,
  because: z.string(),
  do: z.string(),
  pool: Text,
  runner: z
    .object({
      name: z.string(),
      provider: Text,
      state: z.string(),
      place: Text,
      machine_type: Text,
      spot: z.boolean().nullish(),
      url: Text,
    })
    .nullable(),
  timeline: z.array(z.object({at: z.string(), what: z.string(), detail: Text})),
});
export type Explanation = z.output<typeof Explanation>;

const CostSum = z.object({
  jobs: z.number(),
  minutes: z.number(),
  usd: z.number().nullable(),
  github_hosted_usd: z.number().nullable(),
  priced: z.boolean(),
});
export type CostSum = z.output<typeof CostSum>;

export const Costs = z.object({
  rows: z.array(CostSum.extend({key: z.string()})),
  total: CostSum,
  complete: z.boolean().default(true),
  prices: z.object({machines: z.object({as_of: z.string()})}).nullish(),
});
export type Costs = z.output<typeof Costs>;

const Placements = z.array(z.object({place: z.string(), machine_type: Text, spot: z.boolean()}));

export const PoolTest = z.object({
  dry_run: z.boolean(),
  decision: z.string(),
  because: z.string(),
  name: Text,
  placements: Placements,
  fallbacks: z.array(z.object({pool: z.string(), because: z.string(), placements: Placements})).default([]),
  request: z.object({labels: Labels}).nullish(),
});
export type PoolTest = z.output<typeof PoolTest>;

const CleanupThing = z.object({kind: z.string(), name: z.string(), place: Text, because: z.string()});
export type CleanupThing = z.output<typeof CleanupThing>;

export const Cleaned = z.object({
  would_remove: z.array(CleanupThing),
  removed: z.array(CleanupThing),
  skipped: z.array(CleanupThing),
});
export type Cleaned = z.output<typeof Cleaned>;
