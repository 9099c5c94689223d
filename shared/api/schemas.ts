import * as z from 'zod';
import {VERDICTS} from '../diagnosis/verdict';
import {OWNER, REPOSITORY} from '../model/names';
import {LIVE_STATES} from '../model/runner';

/** A job’s id, or its id and attempt. */
export const JOB_REFERENCE = /^[1-9]\d{0,15}(-[1-9]\d{0,15})?$/;

/** A boolean in a query: exactly `true` or `false`, so that a misspelt dry run changes nothing. */
export const flag = (description: string, unlessGiven = false) =>
  z
    .enum(['true', 'false'])
    .default(unlessGiven ? 'true' : 'false')
    .transform((text) => text === 'true')
    .meta({description, override: {type: 'boolean', default: unlessGiven}});

export const DryRun = {'dry-run': flag('Answers what would be done, without doing it.')};
/** Of an answer to a request that takes `dry-run`. */
export const DryRunMark = {
  dry_run: z.literal(true).optional().meta({description: 'The answer says what would be done: nothing was.'}),
};
/** Of what is looked at before it is done. */
export const DryRunFirst = {
  'dry-run': flag(
    'Answers what would be done. Only `false` does it; in a deployment with `DRY_RUN` nothing does.',
    true,
  ),
};
export const Force = flag('Proceeds even if a job is running; the job fails.');

/** A whole number in a query, in decimal digits alone: `0x10`, `1e1` and `1.0` are misspelt. */
export const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));

export const PageQuery = {
  per_page: whole(1, 100)
    .default(30)
    .meta({
      description: 'Maximum number of items on a page. A page of a filtered list may hold fewer.',
      override: {type: 'integer', minimum: 1, maximum: 100, default: 30},
    }),
  cursor: z.string().max(500).optional().meta({description: '`next` of the previous page.'}),
};

export const Next = z.string().nullable().meta({
  description:
    '`cursor` of the next page; null on the last page. The `Link` header holds the path of the next page, relative to this one.',
});

export const Time = z.iso.datetime().meta({examples: ['2026-11-01T12:00:00.000Z']});

export const PoolName = z
  .string()
  .min(1)
  .max(63)
  .meta({description: 'Name of a pool.', examples: ['arm']});

export const HostName = z
  .string()
  .min(1)
  .max(63)
  .meta({description: 'Name of a Docker host.', examples: ['builder']});

export const Host = z
  .object({
    name: z.string(),
    capacity: z.int(),
    containers: z.int().meta({description: 'Containers that count against the capacity.'}),
    free: z.int(),
    last_seen: Time.nullable().meta({description: 'Of its agent, to within half a minute. Null: it has never called.'}),
    silent: z.boolean().meta({
      description:
        'It was not seen for three minutes, and gets nothing new. False while its VM is down until a job needs it, or starts for one.',
    }),
    vm: z
      .enum(['stopped', 'starting', 'running', 'stopping'])
      .nullable()
      .meta({description: 'State of the VM that is the host, as recorded. Null: it has none.'}),
    agent: z.string().nullable().meta({description: 'Version of its agent.'}),
  })
  .meta({id: 'Host'});

export const Repository = z
  .string()
  .regex(REPOSITORY, 'expected owner/name')
  .meta({description: '`owner/name`', examples: ['acme/app']});

export const Organization = z
  .string()
  .regex(OWNER, 'expected the login of an organization')
  .meta({examples: ['acme']});

export const RUNNER_STATES = [...LIVE_STATES, 'gone', 'failed', 'stopped'] as const;

export const RunnerStateWord = z.enum(RUNNER_STATES).meta({
  id: 'RunnerState',
  description: 'A persistent VM is `booting` while it starts, `draining` while it stops, and `stopped` afterwards.',
});

export const JobState = z.enum(['queued', 'waiting', 'in_progress', 'completed']).meta({
  id: 'JobState',
  description: 'Status of the job at GitHub.',
});

export const VerdictWord = z
  .enum(VERDICTS)
  .meta({id: 'Verdict', description: 'Why a job does not run; docs/operate.md says what to do about each.'});

export const Runner = z
  .object({
    id: z.string().meta({description: 'The runner’s name, or `<zone>.<instance>` for a persistent VM.'}),
    name: z.string().meta({description: 'Name of the runner at GitHub.'}),
    pool: z.string().meta({description: 'Name of the pool. The first one, if several pools share a VM.'}),
    type: z.string().meta({description: 'Type of the provider of its machine; `gce-vm` for a persistent VM.'}),
    state: RunnerStateWord,
    repository: z
      .string()
      .nullable()
      .meta({description: 'Repository of the registration; null for a runner of an organization.'}),
    org: z.string().nullable(),
    labels: z.array(z.string()),
    job_id: z.int().nullable().meta({description: 'The job that the runner runs or is assigned to.'}),
    zone: z
      .string()
      .nullable()
      .meta({description: 'Place of its machine in the words of its provider: zone, region, subnet or host.'}),
    machine_type: z.string().nullable(),
    spot: z.boolean().nullable(),
    machine_id: z
      .string()
      .nullable()
      .meta({description: 'The provider’s id of its machine; null until that is created.'}),
    created_at: Time.nullable(),
    state_at: Time.nullable().meta({description: 'When the runner entered this state.'}),
  })
  .meta({
    id: 'Runner',
    examples: [
      {
        id: 'slipway-arm-44200000072-1',
        name: 'slipway-arm-44200000072-1',
        pool: 'arm',
        type: 'gce',
        state: 'busy',
        repository: 'acme/app',
        org: null,
        labels: ['self-hosted', 'linux', 'arm64'],
        job_id: 44200000072,
        zone: 'us-central1-a',
        machine_type: 'c4a-standard-4',
        spot: false,
        machine_id: 'slipway-arm-44200000072-1',
        created_at: '2026-11-01T12:00:00.000Z',
        state_at: '2026-11-01T12:00:41.000Z',
      },
    ],
  });

export const Job = z
  .object({
    id: z.string().meta({description: '`<job id>-<run attempt>`', examples: ['44200000072-1']}),
    job_id: z.int(),
    run_id: z.int(),
    run_attempt: z.int(),
    repository: z.string(),
    pool: z.string(),
    labels: z.array(z.string()),
    status: JobState,
    demand: z.enum(['open', 'reserved', 'covered', 'none', 'dead']).meta({
      description:
        'Whether the job needs a runner. `open`: the job needs one and has neither a slot nor a runner; `reserved`: a slot is reserved for the job; `covered`: a runner is assigned, or is being created; `none`: the job needs no runner; `dead`: given up, see the dead letters; or the runner of its persistent VM lacks a label, see the log.',
    }),
    runner: z.string().nullable(),
    url: z.string().nullable(),
    queued_at: Time,
    updated_at: Time,
  })
  .meta({id: 'Job'});

export const DeadLetter = z
  .object({
    id: z.string(),
    queue: z.string(),
    kind: z.string().nullable().meta({description: 'Kind of the task; null if the task cannot be retried.'}),
    error: z.string(),
    reason: z.string().nullable().meta({description: 'Kind of the error, as in the log; null if it is not on record.'}),
    job: z.string().nullable(),
    url: z.string().nullable(),
    attempts: z.int(),
    count: z
      .int()
      .meta({description: 'How often the job was given up. A newer dead letter of a job replaces the older one.'}),
    at: Time,
  })
  .meta({id: 'DeadLetter'});

export const Problem = z
  .object({
    type: z
      .string()
      .meta({description: 'Stable identifier of the problem.', examples: ['urn:slipway:problem:unknown-pool']}),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({description: 'What was found, what was expected and what to do.'}),
    errors: z
      .array(
        z.object({
          in: z.enum(['path', 'query', 'header', 'body']),
          path: z.string(),
          message: z.string(),
        }),
      )
      .optional()
      .meta({description: 'Every invalid part of the request.'}),
  })
  .meta({id: 'Problem', description: 'RFC 9457'});
