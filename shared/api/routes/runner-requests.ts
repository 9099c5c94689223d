import * as z from 'zod';
import {Problem} from '../../http/errors';
import {jsonReply} from '../../http/server';
import {foreignLabels, labelsWithoutJob} from '../../model/labels';
import {takesRepository} from '../../model/matching';
import {LABEL} from '../../model/names';
import {isEphemeral, isEphemeralType, type Pool} from '../../model/pool';
import {type RunnerScope, repositoryScope, scopeName} from '../../model/scope';
import {removeRunner, requestRunners} from '../../runners/requests';
import {idempotencyKey} from '../idempotency';
import {invalidInput} from '../input';
import {dryRunMark, isDryRun, operation} from '../operation';
import {refusePublicRepository} from '../public-repositories';
import {findRunner, RunnerId, unknownPool, unknownRunner} from '../resources';
import {DryRun, DryRunMark, Force, Organization, PoolName, Repository, RunnerStateWord} from '../schemas';

const MAX_COUNT = 20;

const Request = z
  .strictObject({
    pool: PoolName.meta({description: 'A pool that creates machines: of any type but gce-vm.'}),
    repo: Repository.optional().meta({
      description: '`owner/name`. Required if the pool registers its runners in repositories.',
    }),
    repository: Repository.optional().meta({description: 'Another name of `repo`.'}),
    org: Organization.optional().meta({
      description: 'Login. Required if the pool registers its runners in an organization.',
    }),
    labels: z.array(z.string().trim().regex(LABEL, 'expected a label')).max(50).default([]).meta({
      description:
        'Labels in addition to the pool’s own: those that it offers, if it lists them without patterns, else those that it requires.',
    }),
    count: z.int().min(1).max(MAX_COUNT).default(1),
  })
  .refine(
    ({repo, repository, org}) => [repo, repository, org].filter((one) => one !== undefined).length === 1,
    'expected exactly one of repo, repository and org',
  )
  .meta({id: 'RunnersRequest'});

export const create = operation(
  {
    id: 'createRunners',
    method: 'POST',
    path: '/api/v1/runners',
    tag: 'runners',
    summary: 'Creates runners that no job has asked for',
    description:
      'The runners take the next jobs with matching labels, and are deleted after the pool’s idle time without a job. For a public repository there are none unless the pool sets `allowPublicRepos`. With an `Idempotency-Key`, a repeated request creates no further runners.',
    access: 'secret',
    parameters: z.strictObject({}),
    query: z.strictObject(DryRun),
    body: {schema: Request, example: {pool: 'arm', repo: 'acme/app', count: 2}, required: true},
    outcomes: {
      201: {
        description:
          'The runners are requested; GET /runners/{id} shows their progress. A dry run answers the runners that would be created.',
        schema: z
          .object({
            runners: z.array(z.object({id: z.string(), name: z.string(), pool: z.string(), state: RunnerStateWord})),
            ...DryRunMark,
          })
          .meta({id: 'CreatedRunners'}),
        example: {
          runners: [{id: 'slipway-arm-900001-1', name: 'slipway-arm-900001-1', pool: 'arm', state: 'requested'}],
        },
        headers: ['Idempotent-Replayed'],
      },
    },
    problems: [
      'unknown-pool',
      'wrong-provider',
      'scope-mismatch',
      'labels-not-offered',
      'public-repository',
      'pool-full',
      'no-capacity',
      'quota-exceeded',
    ],
    changes: true,
  },
  async (request, {body, query}) => {
    const context = await request.context();
    const pool = context.pools.find(({name}) => name === body.pool);
    if (!pool) throw unknownPool(body.pool, context.pools);
    if (!isEphemeral(pool)) {
      throw new Problem(
        'wrong-provider',
        `found pool ${pool.name} of type ${pool.provider.type}; POST /runner/start starts its VM`,
      );
    }
    const scope = scopeOf(pool, body);
    const labels = additionalLabels(pool, body.labels);
    if (scope.kind === 'repository') await refusePublicRepository(request, pool, scopeName(scope));
    const key = idempotencyKey(request.headers) ?? context.random.uuid();
    const options = {dryRun: isDryRun(request, query)};
    const {runners} = await requestRunners(context, {pool: pool.name, scope, labels, count: body.count, key}, options);
    const listed = runners.map(({name, pool: of, state}) => ({id: name, name, pool: of, state}));
    return jsonReply({runners: listed, ...dryRunMark(options.dryRun)}, 201);
  },
);

export const remove = operation(
  {
    id: 'removeRunner',
    method: 'DELETE',
    path: '/api/v1/runners/{id}',
    tag: 'runners',
    summary: 'Removes a runner',
    description: 'Deregisters the runner, which GitHub refuses while the runner runs a job; then deletes its VM.',
    access: 'secret',
    parameters: RunnerId,
    query: z.strictObject({force: Force, ...DryRun}),
    outcomes: {
      202: {
        description: '`draining`: the runner is being removed. `gone`: the runner was gone already.',
        schema: z.object({status: z.enum(['draining', 'gone']), ...DryRunMark}).meta({id: 'Removed'}),
        example: {status: 'draining'},
        headers: ['Idempotent-Replayed'],
      },
    },
    problems: ['unknown-runner', 'runner-busy', 'wrong-provider'],
    changes: true,
  },
  async (request, {path, query}) => {
    const {id} = path;
    const runner = await findRunner(request, id);
    if (!runner) throw unknownRunner(id);
    if (!isEphemeralType(runner.type)) {
      throw new Problem('wrong-provider', `runner ${id} runs on a persistent VM; POST /runner/stop stops it`);
    }
    const context = await request.context();
    const options = {force: query.force, dryRun: isDryRun(request, query)};
    const result = await removeRunner(context, runner.name, options);
    if (!result) throw unknownRunner(id);
    if (result.status === 'busy')
      throw new Problem('runner-busy', `runner ${id} runs a job; force=true removes it anyway, and the job fails`);
    return jsonReply({...result, ...dryRunMark(options.dryRun)}, 202);
  },
);

/** The scope in which the pool registers its runners. Throws `scope-mismatch` if the request names another one. */
function scopeOf(pool: Pool, {repository, repo = repository, org}: z.output<typeof Request>): RunnerScope {
  if (pool.scope.kind === 'organization') {
    if (org?.toLowerCase() === pool.scope.org.toLowerCase()) return {kind: 'organization', org: pool.scope.org};
    throw mismatch(`found ${repo ?? org}; pool ${pool.name} registers its runners in org ${pool.scope.org}`);
  }
  if (repo === undefined)
    throw mismatch(`found org ${org}; pool ${pool.name} registers its runners in repositories: give repo`);
  if (!takesRepository(pool, repo))
    throw mismatch(`found ${repo}; pool ${pool.name} serves ${pool.scope.patterns.join(', ')}`);
  return repositoryScope(repo);
}

function mismatch(detail: string): Problem {
  return new Problem('scope-mismatch', detail);
}

/** The requested labels without those that the pool registers such a runner with anyway. Throws `labels-not-offered`. */
function additionalLabels(pool: Pool, labels: readonly string[]): string[] {
  const asked = [...new Set(labels.map((label) => label.toLowerCase()))];
  const foreign = foreignLabels(pool, asked);
  if (foreign.length > 0) {
    throw new Problem(
      'labels-not-offered',
      `pool ${pool.name} does not offer ${foreign.join(', ')}; it offers ${pool.offers?.join(', ')}`,
    );
  }
  const own = labelsWithoutJob(pool);
  if (own.length + asked.length === 0) {
    throw invalidInput(
      'body',
      'labels',
      `pool ${pool.name} names no label without a pattern; expected labels for the runners`,
    );
  }
  return asked.filter((label) => !own.includes(label));
}
