import * as z from 'zod';
import {Problem} from '../../http/errors';
import {jsonReply} from '../../http/server';
import {labelsWithoutJob} from '../../model/labels';
import {refusalOf} from '../../model/matching';
import {isSpeltOut, LABEL, newTag, parseRunnerName, runnerName} from '../../model/names';
import {isPersistent, type Pool} from '../../model/pool';
import type {RunnerDocument} from '../../model/runner';
import type {Context} from '../../ports';
import {type PoolTest, planTest, TEST_DECISIONS, type TestJob} from '../../runners/pool-test';
import {refuseOtherRunner, requestTestRunner, type TestRunner} from '../../runners/requests';
import {invalidInput} from '../input';
import {isDryRun, operation, type RequestContext} from '../operation';
import {visibilityOf} from '../public-repositories';
import {unknownPool} from '../resources';
import {DryRunFirst, PoolName, Repository, RunnerStateWord} from '../schemas';

const Request = z
  .strictObject({
    labels: z
      .array(z.string().trim().regex(LABEL, 'expected a label'))
      .max(100)
      .optional()
      .meta({description: 'Labels that the job asks for. Default: those that the pool names without patterns.'}),
    repository: Repository.optional().meta({
      description: '`owner/name` of the job. Default: the only repository that the pool spells out.',
    }),
    name: z.string().max(63).optional().meta({
      description: '`name` of a dry run: the runner then has this name, and so the placements that were shown.',
    }),
  })
  .meta({id: 'PoolTestRequest'});

const Placements = z.array(z.object({place: z.string(), machine_type: z.string().nullable(), spot: z.boolean()}));

const Tested = z
  .object({
    dry_run: z.boolean(),
    decision: z.enum(TEST_DECISIONS).meta({
      description:
        '`create`: a machine is created for such a job. `wait`: once there is a slot, or a breaker closes. `fail`: none can be created, and `because` says what is wrong. `start`: its persistent VM is started. `other_pool`: another pool takes the job. Else no pool does.',
    }),
    because: z.string(),
    pool: z.string().nullable().meta({description: 'The pool that takes the job.'}),
    name: z.string().nullable().meta({description: 'Name of the runner and its machine.'}),
    placements: Placements.meta({
      description: 'In the order in which they are tried; `machine_type` is null where the template has it.',
    }),
    fallbacks: z.array(z.object({pool: z.string(), because: z.string(), placements: Placements})).meta({
      description:
        'In a dry run the pools that serve such a job in turn when `pool` has no capacity or quota. Without `placements` one does not serve it, and `because` says why. A requested runner has none.',
    }),
    request: z
      .object({
        name: z.string(),
        pool: z.string(),
        provider: z.string(),
        repository: z.string().nullable().meta({description: 'Where the runner is registered; null: in `org`.'}),
        org: z.string().nullable(),
        runner_group: z.string(),
        labels: z.array(z.string()),
      })
      .nullable()
      .meta({description: 'The request for a runner; null: none is made.'}),
    state: RunnerStateWord.nullable().meta({description: 'Of the requested runner; null in a dry run.'}),
  })
  .meta({id: 'PoolTest'});

const EXAMPLE: z.output<typeof Tested> = {
  dry_run: true,
  decision: 'create',
  because: 'pool arm takes the job: repository and labels fit',
  pool: 'arm',
  name: 'slipway-arm-t4k0z81mq2x-1',
  placements: [{place: 'us-central1-b', machine_type: 'c4a-standard-4', spot: true}],
  fallbacks: [
    {
      pool: 'arm-ec2',
      because: 'pool arm-ec2 serves the job: repository and options fit',
      placements: [{place: 'subnet-a', machine_type: 'm7g.large', spot: false}],
    },
  ],
  request: {
    name: 'slipway-arm-t4k0z81mq2x-1',
    pool: 'arm',
    provider: 'gce',
    repository: 'acme/app',
    org: null,
    runner_group: 'Default',
    labels: ['self-hosted', 'linux', 'arm64'],
  },
  state: null,
};

export const testPool = operation(
  {
    id: 'testPool',
    method: 'POST',
    path: '/pools/{pool}/test',
    tag: 'runners',
    summary: 'Says what a pool would do for a job, or does it',
    description:
      'A dry run unless `dry-run=false`: which pool takes a job with these labels of this repository, where its machine would be created, and what would be requested. GitHub is asked whether the repository is public, and the provider whether a machine could be created. Then: requests one runner with these labels, which takes the next job that they fit, and is deleted after the pool’s idle time without one.',
    access: 'secret',
    parameters: z.strictObject({pool: PoolName}),
    query: z.strictObject(DryRunFirst),
    body: {
      schema: Request,
      example: {repository: 'acme/app', labels: ['self-hosted', 'linux', 'arm64']},
      required: false,
    },
    outcomes: {
      200: {description: 'What would be done.', schema: Tested, example: EXAMPLE},
      201: {
        description: 'The runner is requested; GET /runners/{id} shows its progress.',
        schema: Tested,
        example: {...EXAMPLE, dry_run: false, fallbacks: [], state: 'requested'},
        headers: ['Idempotent-Replayed'],
      },
    },
    problems: [
      'unknown-pool',
      'wrong-provider',
      'pool-does-not-take',
      'public-repository',
      'name-taken',
      'pool-full',
      'no-capacity',
      'quota-exceeded',
    ],
    changes: true,
    dryByDefault: true,
  },
  async (request, {path, query, body}) => {
    const context = await request.context();
    const pool = context.pools.find(({name}) => name === path.pool);
    if (!pool) throw unknownPool(path.pool, context.pools);
    const repository = body.repository ?? onlyRepository(pool);
    const labels = body.labels ?? ownLabels(pool);
    const isDry = isDryRun(request, query);
    const job = {repository, labels, visibility: await visibility(request, pool, {repository, labels}, isDry)};
    const name = body.name === undefined ? newName(context, pool) : checkedName(context, pool, body.name);
    const test = await planTest(context, pool, job, {name, isDry});
    if (isDry) {
      const recorded = body.name === undefined ? undefined : await context.store.get('runners', name);
      if (recorded && test.runner) refuseOtherRunner(recorded, test.runner);
      return jsonReply(view(request.config.dryRun ? inDryDeployment(test) : test));
    }
    const runner = await requestTestRunner(context, requestable(pool, test, job));
    return jsonReply(view(test, runner), 201);
  },
);

/** Asked of GitHub only where it matters. A dry run is within the bounds of questions, and goes on without an answer. */
async function visibility(
  request: RequestContext,
  pool: Pool,
  job: Pick<TestJob, 'repository' | 'labels'>,
  isDry: boolean,
): Promise<TestJob['visibility']> {
  if (refusalOf({...job, isPublic: false}, pool)) return 'private';
  if (!isDry) return visibilityOf(request, job.repository);
  return (await request.lookUps()).visibility(job.repository);
}

function view(
  {decision, because, taker, placements, fallbacks, runner}: PoolTest,
  made?: RunnerDocument,
): z.output<typeof Tested> {
  return {
    dry_run: made === undefined,
    decision,
    because,
    pool: taker?.name ?? null,
    name: runner?.name ?? null,
    placements: placements.map(placementView),
    fallbacks: fallbacks.map((each) => ({
      pool: each.pool.name,
      because: each.because,
      placements: each.placements.map(placementView),
    })),
    request: runner ? requestView(runner) : null,
    state: made?.state ?? null,
  };
}

function placementView({place, machineType, spot}: PoolTest['placements'][number]) {
  return {place, machine_type: machineType ?? null, spot};
}

function requestView({name, pool, scope, labels}: TestRunner): NonNullable<z.output<typeof Tested>['request']> {
  return {
    name,
    pool: pool.name,
    provider: pool.provider.type,
    repository: scope.kind === 'repository' ? `${scope.owner}/${scope.repo}` : null,
    org: scope.kind === 'organization' ? scope.org : null,
    runner_group: pool.runnerGroup,
    labels: [...labels],
  };
}

function inDryDeployment(test: PoolTest): PoolTest {
  return {...test, because: `${test.because}; nothing is made in this deployment, because DRY_RUN is set`};
}

/** What a real test requests. Throws a problem where no runner would be made for such a job. */
function requestable(pool: Pool, {runner, because, decision}: PoolTest, {labels, repository}: TestJob): TestRunner {
  if (runner) return runner;
  if (isPersistent(pool)) {
    throw new Problem('wrong-provider', `${because}; POST /runner/start?pool=${pool.name} starts it`);
  }
  throw new Problem(
    decision === 'public_repository' ? 'public-repository' : 'pool-does-not-take',
    `pool ${pool.name} takes no job of ${repository} with labels [${labels.join(', ')}]: ${because}`,
  );
}

function newName({deployment, random}: Context, pool: Pool): string {
  return runnerName(deployment, pool.name, newTag('t', random), 1);
}

/** Throws `invalid-request` for a name that no dry run of this pool can have shown. */
function checkedName({deployment}: Context, pool: Pool, name: string): string {
  const parsed = parseRunnerName(deployment, name);
  if (parsed?.pool === pool.name && parsed.tag?.startsWith('t') && parsed.n === 1) return name;
  throw invalidInput('body', 'name', `expected the name that a dry run for pool ${pool.name} showed`);
}

function onlyRepository(pool: Pool): string {
  const patterns = pool.scope.kind === 'repositories' ? pool.scope.patterns.filter((one) => !one.startsWith('!')) : [];
  const [only, ...others] = patterns;
  if (only !== undefined && others.length === 0 && isSpeltOut(only)) return only;
  throw invalidInput(
    'body',
    'repository',
    `pool ${pool.name} serves more than one repository; expected one as owner/name`,
  );
}

function ownLabels(pool: Pool): readonly string[] {
  const labels = labelsWithoutJob(pool);
  if (labels.length > 0) return labels;
  throw invalidInput(
    'body',
    'labels',
    `pool ${pool.name} names no label without a pattern; expected the labels of a job`,
  );
}
