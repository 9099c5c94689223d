import * as z from 'zod';
import {Problem} from '../../http/errors';
import {jsonReply} from '../../http/server';
import {isDocumentId} from '../../model/names';
import {retryDeadLetter} from '../../runners/give-up';
import {isDryRun, operation} from '../operation';
import {linkHeader, readPage} from '../paging';
import {deadLetterView} from '../resources';
import {DeadLetter, DryRun, Next, PageQuery} from '../schemas';

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
    query: z.strictObject(PageQuery),
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
    const page = await readPage(
      [
        async (after, limit) => {
          const found = await store.find('deadletters', {where: {}, after, limit});
          return found.map(({id, data}) => ({id, item: deadLetterView(id, data)}));
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
        schema: z.object({status: z.literal('enqueued'), task: z.string()}).meta({id: 'Retried'}),
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
    const result = isDocumentId(id)
      ? await retryDeadLetter(context, id, {dryRun: isDryRun(request, query)})
      : undefined;
    if (!result) {
      throw new Problem('unknown-dead-letter', `found no dead letter ${id}; GET /deadletters lists the dead letters`);
    }
    return jsonReply(result);
  },
);
