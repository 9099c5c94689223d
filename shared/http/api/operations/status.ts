import * as z from 'zod';
import {jsonReply} from '../../server';
import {operation} from '../operation';
import {JobState, RunnerState, Time} from '../schemas';
import {readStatus} from '../views/status-view';

const Counts = z.object({
  requested: z.int(),
  creating: z.int(),
  booting: z.int(),
  idle: z.int(),
  busy: z.int(),
  draining: z.int(),
});

export /** By reason. */
const ByReason = z.record(z.string(), z.int());

const Status = z
  .object({
    active_runners: z
      .array(
        z.object({
          name: z.string(),
          pool: z.string(),
          state: RunnerState,
          job_id: z.int().nullable().meta({description: 'The job that it runs or waits for.'}),
          running_seconds: z.int().nullable().meta({description: 'For how long it runs its job; null without one.'}),
        }),
      )
      .meta({description: 'Those that are neither gone, failed nor stopped; at most 1,000 of each state.'}),
    max_concurrent: z.int().meta({
      description:
        'The pools’ limits together, a VM that several share counted once; no more than `maxRunners` over all pools.',
    }),
    poll_interval_seconds: z.int().meta({description: 'How often the sweep looks for what no webhook told.'}),
    job_timeout_seconds: z.int().meta({description: 'The longest that any pool allows a job.'}),
    pools: z.array(z.object({name: z.string(), limit: z.int(), states: Counts})),
    waiting_jobs: z
      .array(
        z.object({
          job_id: z.int(),
          repository: z.string(),
          pool: z.string(),
          labels: z.array(z.string()),
          status: JobState,
          runner: z.string().nullable(),
          url: z.string().nullable(),
          age_seconds: z.int(),
        }),
      )
      .meta({description: 'Queued and not running, the oldest first; at most 1,000.'}),
    last_sweep: z
      .object({
        at: Time,
        age_seconds: z.int(),
        seconds: z.number(),
        finished: z.boolean().meta({description: 'False: its time was up; the next one goes on.'}),
        seen: ByReason,
        decided: ByReason,
        done: ByReason,
        failed: ByReason,
        incomplete: z
          .array(z.string())
          .meta({description: 'What could not be listed, so that nothing was concluded from it.'}),
      })
      .nullable()
      .meta({description: 'Null until there was one.'}),
    breakers: z.array(z.object({name: z.string(), reason: z.string(), opened_at: Time, next_probe_at: Time})).meta({
      description:
        'Those that are open: a rate limit, a quota, a template that does not boot or GitHub’s 5xx, probed once a minute.',
    }),
    deadletters: z.int().meta({description: 'How many there are; GET /deadletters lists them.'}),
  })
  .meta({id: 'Status'});

const EXAMPLE: z.output<typeof Status> = {
  active_runners: [
    {name: 'slipway-arm-44200000072-1', pool: 'arm', state: 'busy', job_id: 44200000072, running_seconds: 93},
  ],
  max_concurrent: 50,
  poll_interval_seconds: 60,
  job_timeout_seconds: 7200,
  pools: [{name: 'arm', limit: 50, states: {requested: 0, creating: 0, booting: 0, idle: 0, busy: 1, draining: 0}}],
  waiting_jobs: [],
  last_sweep: {
    at: '2026-11-01T12:00:00.000Z',
    age_seconds: 31,
    seconds: 1.2,
    finished: true,
    seen: {vms: 1, runners: 1, jobs: 1, jobs_at_github: 1, repositories: 4, deliveries: 9},
    decided: {failed_delivery: 1},
    done: {failed_delivery: 1},
    failed: {},
    incomplete: [],
  },
  breakers: [],
  deadletters: 0,
};

export const status = operation(
  {
    id: 'getStatus',
    method: 'GET',
    path: '/status',
    alsoAt: '/api/v1/status',
    tag: 'overview',
    summary: 'Runners, queued jobs, limits and trouble at a glance',
    access: 'secret',
    parameters: z.strictObject({}),
    query: z.strictObject({}),
    outcomes: {200: {description: 'As it is on record now.', schema: Status, example: EXAMPLE}},
    problems: [],
  },
  async ({services}) => {
    const {context} = await services();
    return jsonReply((await readStatus(context)) satisfies z.output<typeof Status>);
  },
);
