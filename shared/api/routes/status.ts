import * as z from 'zod';
import type {Config} from '../../config/config-types';
import type {SecretReader} from '../../config/secrets';
import {hasApp} from '../../diagnosis/has-app';
import {STEPS} from '../../diagnosis/timeline';
import {etagOf, isKnownEtag} from '../../http/etag';
import {JSON_TYPE} from '../../http/server';
import {operation} from '../operation';
import {readStatus} from '../read-status';
import {RunnerVersion} from '../runner-version';
import {Host, JobState, RunnerStateWord, Time, VerdictWord} from '../schemas';
import {StandbyStatus} from '../standby-status';

const Counts = z.object({
  requested: z.int(),
  creating: z.int(),
  booting: z.int(),
  idle: z.int(),
  busy: z.int(),
  draining: z.int(),
});

/** Counts by the reason of an action. */
export const ByReason = z.record(z.string(), z.int());

const Status = z
  .object({
    at: Time.meta({description: 'When the records were read.'}),
    active_runners: z
      .array(
        z.object({
          name: z.string(),
          pool: z.string(),
          state: RunnerStateWord,
          job_id: z.int().nullable().meta({description: 'The job that the runner runs or is assigned to.'}),
          running_seconds: z
            .int()
            .nullable()
            .meta({description: 'For how long the runner has been running its job; null without a job.'}),
        }),
      )
      .meta({
        description: 'Runners that are not gone, failed or stopped; at most 200, and those that run a job come last.',
      }),
    active_runners_total: z.int().meta({description: 'How many there are, listed or not.'}),
    max_concurrent: z.int().meta({
      description:
        'Sum of the pools’ limits, where a VM that several pools share counts once; at most `maxRunners` over all pools.',
    }),
    poll_interval_seconds: z
      .int()
      .meta({description: 'Interval of the sweep, which finds events that no webhook delivered.'}),
    job_timeout_seconds: z.int().meta({description: 'The longest job time of any pool.'}),
    pools: z.array(z.object({name: z.string(), limit: z.int(), states: Counts})),
    hosts: z.array(Host).meta({description: 'Docker hosts.'}),
    standby: StandbyStatus.meta({description: 'Standby machines of the pools that hold some.'}),
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
          id: z.int(),
          attempt: z.int(),
          queued_at: Time,
          position: z
            .int()
            .nullable()
            .meta({description: 'Its place in the queue of its pool, from 1, where it waits for a slot.'}),
          verdict: VerdictWord,
          because: z.string(),
          do: z.string().meta({description: 'The next step.'}),
        }),
      )
      .meta({
        description:
          'Those that need a runner, also those that were given up, in queue order: the oldest first, at most 200; and why they have none by the record alone. GET /explain asks GitHub, too.',
      }),
    waiting_jobs_total: z.int().meta({description: 'How many there are, listed or not.'}),
    unserved_jobs: z
      .array(
        z.object({
          id: z.int(),
          url: z.string().nullable(),
          repository: z.string(),
          labels: z.array(z.string()),
          verdict: VerdictWord,
          because: z.string(),
          do: z.string().meta({description: 'The next step.'}),
        }),
      )
      .meta({
        description:
          'Jobs that are queued at GitHub, ask for a label that some pool knows, and that no pool takes; the newest 200, as the latest sweep saw them. None of them is among waiting_jobs.',
      }),
    recent_jobs: z
      .array(
        z.object({
          id: z.int(),
          attempt: z.int(),
          url: z.string().nullable(),
          repository: z.string(),
          pool: z.string(),
          status: JobState,
          runner: z.string().nullable(),
          timeline: z.array(z.object({at: Time, what: z.enum(STEPS)})),
        }),
      )
      .meta({
        description:
          'Jobs that have a runner, run, or ended in the last 15 minutes, at most 50, with their way by the record alone. GET /explain tells more of one job.',
      }),
    last_sweep: z
      .object({
        at: Time.meta({description: 'When it began.'}),
        ended_at: Time,
        ok: z.boolean().meta({description: 'Everything that it decided was done.'}),
        complete: z
          .boolean()
          .meta({description: 'It saw everything: the time was enough, and each list was read to its end.'}),
        because: z
          .string()
          .nullable()
          .meta({description: 'What it could not do or see, in one sentence; null: nothing.'}),
        age_seconds: z.int().meta({description: 'Since it ended.'}),
        seconds: z.number().meta({description: 'How long it took.'}),
        finished: z.boolean().meta({
          description:
            'False if the time budget ran out, or a limit of GitHub ended the deregistrations; the next sweep continues.',
        }),
        seen: ByReason,
        decided: ByReason,
        done: ByReason,
        failed: ByReason,
        incomplete: z.array(z.string()).meta({
          description: 'Lists that could not be read completely; the sweep concluded nothing from an absence there.',
        }),
      })
      .nullable()
      .meta({description: 'Null before the first sweep.'}),
    breakers: z
      .array(
        z.object({
          name: z.string(),
          since: Time,
          message: z.string().meta({description: 'The words of whoever refused.'}),
          next_probe: Time.meta({description: 'No probe passes before.'}),
          reason: z.string().meta({description: 'The same as `message`.'}),
          opened_at: Time.meta({description: 'The same as `since`.'}),
          next_probe_at: Time.meta({description: 'The same as `next_probe`.'}),
        }),
      )
      .meta({
        description:
          'Open circuit breakers: a rate limit, a quota, a template that does not boot or errors 5xx of GitHub. Each is probed once a minute.',
      }),
    github_app: z.enum(['configured', 'missing']).meta({
      description:
        '`missing`: there is no GitHub App yet, and no job is found; /setup makes one. A token counts as an App.',
    }),
    deadletters: z.int().meta({description: 'Number of dead letters; GET /deadletters lists them.'}),
    runner_version: RunnerVersion.nullable().meta({description: 'Null before the first reading of the sweep.'}),
  })
  .meta({id: 'Status'});

const EXAMPLE: z.output<typeof Status> = {
  at: '2026-11-01T12:00:31.000Z',
  active_runners: [
    {name: 'slipway-arm-44200000072-1', pool: 'arm', state: 'busy', job_id: 44200000072, running_seconds: 93},
  ],
  active_runners_total: 1,
  max_concurrent: 50,
  poll_interval_seconds: 60,
  job_timeout_seconds: 7200,
  pools: [{name: 'arm', limit: 50, states: {requested: 0, creating: 0, booting: 0, idle: 0, busy: 1, draining: 0}}],
  hosts: [],
  standby: [{pool: 'arm', wanted: 2, ready: 1, preparing: 1, claimed: 1}],
  waiting_jobs: [],
  waiting_jobs_total: 0,
  unserved_jobs: [],
  recent_jobs: [],
  last_sweep: {
    at: '2026-11-01T11:59:58.800Z',
    ended_at: '2026-11-01T12:00:00.000Z',
    ok: true,
    complete: true,
    because: null,
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
  github_app: 'configured',
  deadletters: 0,
  runner_version: {
    latest: '2.338.0',
    in_use: [
      {version: '2.336.0', runners: 3, registration_ends: null, runtime_ends: '2026-11-05T00:00:00.000Z'},
      {version: '2.338.0', runners: 1, registration_ends: null, runtime_ends: null},
    ],
  },
};

/** A secret that cannot be read for another reason is the doctor's to explain. */
async function appState(github: Config['github'], secrets: SecretReader): Promise<'configured' | 'missing'> {
  if (github.appId === undefined) return github.token ? 'configured' : 'missing';
  const isThere = await hasApp(github, (source) => secrets.read(source)).catch(() => true);
  return isThere ? 'configured' : 'missing';
}

/** For so long all viewers of an instance get the same answer, whose reads are paid once. */
const KEPT_MS = 3_000;

export const status = operation(
  {
    id: 'getStatus',
    method: 'GET',
    path: '/status',
    alsoAt: '/api/v1/status',
    tag: 'overview',
    summary: 'Gets runners, queued jobs, limits and failures',
    access: 'secret',
    whenMisconfigured: true,
    parameters: z.strictObject({}),
    query: z.strictObject({}),
    outcomes: {
      200: {
        description: 'The records of three seconds ago at most; neither GitHub nor Compute Engine is asked.',
        schema: Status,
        example: EXAMPLE,
        headers: ['ETag'],
      },
      304: {description: 'The answer is still the one of `If-None-Match`.', isEmpty: true},
    },
    problems: [],
  },
  async ({services, recentJobs, kept, headers, secrets}) => {
    const {content, etag} = await kept('status', KEPT_MS, async () => {
      const {context, config} = await services();
      const read = await readStatus(context, config, await recentJobs());
      const answer: z.output<typeof Status> = {...read, github_app: await appState(config.github, secrets)};
      const text = JSON.stringify(answer);
      return {content: text, etag: etagOf(text)};
    });
    // A browser asks each time: what is older than three seconds is not to be shown again.
    const cached = {ETag: etag, 'Cache-Control': 'private, no-cache'};
    if (isKnownEtag(headers, etag)) return {status: 304, headers: cached};
    return {status: 200, headers: cached, body: {type: JSON_TYPE, content}};
  },
);
