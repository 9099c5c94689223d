import * as z from 'zod';
import {recordOf} from '../../diagnosis/look';
import {Problem} from '../../http/errors';
import {jsonReply} from '../../http/server';
import type {JobDocument} from '../../model/job';
import {operation} from '../operation';
import {linkHeader, readPage} from '../paging';
import {jobView} from '../resources';
import {JOB_REFERENCE, Job, JobState, Next, PageQuery, PoolName, Repository, whole} from '../schemas';

/** Labels of a filter. A label may contain commas, so the whole text may also be one. */
class AskedLabels {
  readonly #whole: string;
  readonly #parts: readonly string[];

  constructor(text: string) {
    this.#whole = text.trim().toLowerCase();
    this.#parts = this.#whole
      .split(',')
      .map((label) => label.trim())
      .filter(Boolean);
  }

  areAllIn(labels: readonly string[]): boolean {
    const has = new Set(labels.map((label) => label.toLowerCase()));
    return has.has(this.#whole) || this.#parts.every((label) => has.has(label));
  }
}

const JobsQuery = z.strictObject({
  pool: PoolName.optional(),
  status: JobState.optional(),
  repository: Repository.optional().meta({description: '`owner/name`, in upper or lower case.'}),
  labels: z
    .string()
    .max(2_000)
    .transform((text) => new AskedLabels(text))
    .optional()
    .meta({
      description: 'Labels that the job asks for, separated by commas: all of them, in upper or lower case.',
      override: {type: 'string', maxLength: 2_000, examples: ['self-hosted,linux']},
    }),
  run: whole(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({description: 'Id of a run.', override: {type: 'integer', minimum: 1}}),
  ...PageQuery,
});

export const listJobs = operation(
  {
    id: 'listJobs',
    method: 'GET',
    path: '/jobs',
    alsoAt: '/api/v1/jobs',
    tag: 'jobs',
    summary: 'Lists the jobs of this deployment',
    access: 'secret',
    parameters: z.strictObject({}),
    query: JobsQuery,
    outcomes: {
      200: {
        description: 'A page of jobs, sorted by id. A completed job is kept for seven days.',
        schema: z.object({jobs: z.array(Job), next: Next}).meta({id: 'Jobs'}),
        headers: ['Link'],
      },
    },
    problems: [],
  },
  async (request, {query}) => {
    const {store} = await request.context();
    const {pool, status, repository, labels, run} = query;
    const where = {...(pool ? {pool} : {}), ...(status ? {status} : {}), ...(run ? {runId: run} : {})};
    // Records have it as GitHub spells it, which a person need not know.
    const isAsked = (job: JobDocument) =>
      (repository === undefined || job.repository.toLowerCase() === repository.toLowerCase()) &&
      (labels === undefined || labels.areAllIn(job.labels));
    const page = await readPage(
      [
        async (after, limit) => {
          const found = await store.find('jobs', {where, after, limit});
          return found.map(({id, data}) => (isAsked(data) ? {id, item: jobView(data)} : {id}));
        },
      ],
      query,
    );
    return jsonReply({jobs: page.items, next: page.next}, 200, linkHeader(request, page.next));
  },
);

export const getJob = operation(
  {
    id: 'getJob',
    method: 'GET',
    path: '/jobs/{id}',
    alsoAt: '/api/v1/jobs/{id}',
    tag: 'jobs',
    summary: 'One job',
    access: 'secret',
    parameters: z.strictObject({
      id: z
        .string()
        .regex(JOB_REFERENCE, 'expected <job id> or <job id>-<run attempt>')
        .meta({
          description: 'A job’s id, of which the newest attempt counts, or `<id>-<attempt>`.',
          examples: ['44200000072-1'],
        }),
    }),
    query: z.strictObject({}),
    outcomes: {200: {description: 'As it is on record.', schema: Job}},
    problems: ['unknown-job'],
  },
  async (request, {path}) => {
    const [jobId = 0, runAttempt] = path.id.split('-').map(Number);
    const job = await recordOf(await request.context(), {jobId, ...(runAttempt === undefined ? {} : {runAttempt})});
    if (!job) {
      throw new Problem(
        'unknown-job',
        `found no job ${path.id} on record; GET /jobs lists those that there are, GET /explain?job= asks GitHub, too`,
      );
    }
    return jsonReply(jobView(job));
  },
);
