import * as z from 'zod';
import {jsonReply} from '../../http/server';
import {operation} from '../operation';
import {linkHeader, readPage} from '../paging';
import {jobView} from '../resources';
import {Job, JobState, Next, PageQuery, PoolName, Repository} from '../schemas';

const JobsQuery = z.strictObject({
  pool: PoolName.optional(),
  status: JobState.optional(),
  repository: Repository.optional().meta({description: '`owner/name` in the spelling of GitHub.'}),
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
    const {pool, status, repository} = query;
    const where = {...(pool ? {pool} : {}), ...(status ? {status} : {}), ...(repository ? {repository} : {})};
    const page = await readPage(
      [
        async (after, limit) => {
          const found = await store.find('jobs', {where, after, limit});
          return found.map(({id, data}) => ({id, item: jobView(data)}));
        },
      ],
      query,
    );
    return jsonReply({jobs: page.items, next: page.next}, 200, linkHeader(request, page.next));
  },
);
