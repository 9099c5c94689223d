import * as z from 'zod';
import {Problem} from '../../http/errors';
import {jsonReply} from '../../http/server';
import {isDocumentId, isJobKey} from '../../model/names';
import type {DeadLetterDocument} from '../../model/tasks';
import {retryDeadLetter} from '../../runners/give-up';
import {dryRunMark, isDryRun, operation} from '../operation';
import {linkHeader, readPage} from '../paging';
import {deadLetterView} from '../resources';
import {DeadLetter, DryRun, DryRunMark, JOB_REFERENCE, Next, PageQuery, Time} from '../schemas';

const DeadLettersQuery = z.strictObject({
  job: z
    .string()
    .regex(JOB_REFERENCE, 'expected <job id> or <job id>-<run attempt>')
    .optional()
    .meta({
      description: 'A job’s id, of which every attempt counts, or `<id>-<attempt>`.',
      examples: ['44200000072-1'],
    }),
  since: Time.optional().meta({description: 'Given up at this time or later.'}),
  until: Time.optional().meta({description: 'Given up before this time.'}),
  ...PageQuery,
});

export const listDeadLetters = operation(
  {
    id: 'listDeadLetters',
    method: 'GET',
    path: '/deadletters',
    alsoAt: '/api/v1/deadletters',
    tag: 'dead letters',
    summary: 'Lists the tasks that were given up, and why',
    access: 'secret',
    parameters: z.strictObject({}),
    query: DeadLettersQuery,
    outcomes: {
      200: {
        description: 'A page of dead letters, sorted by id. A dead letter is kept for 30 days.',
        schema: z.object({deadletters: z.array(DeadLetter), next: Next}).meta({id: 'DeadLetters'}),
        headers: ['Link'],
      },
    },
    problems: [],
  },
  async (request, {query}) => {
    const {store} = await request.context();
    const {job} = query;
    const [sinceMs, untilMs] = [query.since, query.until].map((time) =>
      time === undefined ? undefined : Date.parse(time),
    );
    const isAsked = (letter: DeadLetterDocument) =>
      (job === undefined || letter.job === job || letter.job?.split('-')[0] === job) &&
      (sinceMs === undefined || letter.at >= sinceMs) &&
      (untilMs === undefined || letter.at < untilMs);
    const where = job !== undefined && isJobKey(job) ? {job} : {};
    const page = await readPage(
      [
        async (after, limit) => {
          const found = await store.find('deadletters', {where, after, limit});
          return found.map(({id, data}) => (isAsked(data) ? {id, item: deadLetterView(id, data)} : {id}));
        },
      ],
      query,
    );
    return jsonReply({deadletters: page.items, next: page.next}, 200, linkHeader(request, page.next));
  },
);

export const retry = operation(
  {
    id: 'retryDeadLetter',
    method: 'POST',
    path: '/api/v1/deadletters/{id}/retry',
    tag: 'dead letters',
    summary: 'Retries the task of a dead letter',
    description: 'Creates the task again, makes a job that was given up demand again, and deletes the dead letter.',
    access: 'secret',
    parameters: z.strictObject({id: z.string().min(1).max(500)}),
    query: z.strictObject(DryRun),
    outcomes: {
      200: {
        description: 'The task is in its queue.',
        schema: z.object({status: z.literal('enqueued'), task: z.string(), ...DryRunMark}).meta({id: 'Retried'}),
        example: {status: 'enqueued', task: '0f1e2d3c4b5a6978-retry-44200000072-1'},
        headers: ['Idempotent-Replayed'],
      },
    },
    problems: ['unknown-dead-letter', 'not-a-task'],
    changes: true,
  },
  async (request, {path, query}) => {
    const context = await request.context();
    const {id} = path;
    const dryRun = isDryRun(request, query);
    const result = isDocumentId(id) ? await retryDeadLetter(context, id, {dryRun}) : undefined;
    if (!result) {
      throw new Problem('unknown-dead-letter', `found no dead letter ${id}; GET /deadletters lists the dead letters`);
    }
    return jsonReply({...result, ...dryRunMark(dryRun)});
  },
);
