import * as z from 'zod';
import {jsonReply} from '../../http/server';
import {takesRepository} from '../../model/matching';
import {type RunnerState as DocumentState, LIVE_STATES, type RunnerDocument} from '../../model/runner';
import {scopeName} from '../../model/scope';
import {readEnd} from '../../runners/read-runner';
import type {Store} from '../../store/store';
import {operation} from '../operation';
import {linkHeader, readPage, type Source} from '../paging';
import {
  findRunner,
  type PersistentVm,
  persistentVms,
  RunnerId,
  type RunnerView,
  runnerView,
  unknownPool,
  unknownRunner,
  vmView,
} from '../resources';
import {Next, PageQuery, PoolName, Repository, RUNNER_STATES, Runner} from '../schemas';

type State = RunnerView['state'];

const States = z
  .string()
  .optional()
  .transform((text, context): readonly State[] | undefined => {
    const names = text?.split(',').map((name) => name.trim());
    const known = RUNNER_STATES.filter((state) => names?.includes(state));
    if (!names || known.length === new Set(names).size) return names && known;
    context.addIssue({
      code: 'custom',
      message: `expected one or more of ${RUNNER_STATES.join(', ')}, separated by commas`,
    });
    return z.NEVER;
  })
  .meta({
    description:
      'One or more states, separated by commas. Default: all except `gone` and `failed`, which are kept for three days.',
    override: {type: 'string', examples: ['idle,busy']},
  });

const RunnersQuery = z.strictObject({
  pool: PoolName.optional(),
  state: States,
  repository: Repository.optional().meta({
    description: 'Only runners that are registered in this repository or in its organization.',
  }),
  ...PageQuery,
});
const RunnersPage = z.object({runners: z.array(Runner), next: Next}).meta({id: 'Runners'});

export const listRunners = operation(
  {
    id: 'listRunners',
    method: 'GET',
    path: '/runners',
    alsoAt: '/api/v1/runners',
    tag: 'runners',
    summary: 'Lists the runners, including persistent VMs',
    access: 'secret',
    parameters: z.strictObject({}),
    query: RunnersQuery,
    outcomes: {
      200: {
        description: 'A page of runners, sorted by state and name; persistent VMs last.',
        schema: RunnersPage,
        headers: ['Link'],
      },
    },
    problems: ['unknown-pool'],
  },
  async (request, {query}) => {
    const {context} = await request.services();
    const {pool, repository} = query;
    if (pool && !context.pools.some(({name}) => name === pool)) throw unknownPool(pool, context.pools);
    const states = query.state ?? [...LIVE_STATES, 'stopped'];
    const serves = (vm: PersistentVm) =>
      vm.pools.some(
        (one) => (!pool || one.pool.name === pool) && (!repository || takesRepository(one.pool, repository)),
      );
    const vms = (await persistentVms(context)).filter(serves);
    const page = await readPage<RunnerView>(
      [
        ...states.filter(isDocumentState).flatMap((state) => runnersIn(context.store, state, pool, repository)),
        vmsIn(vms.map(vmView).filter(({state}) => states.includes(state))),
      ],
      query,
    );
    return jsonReply({runners: page.items, next: page.next}, 200, linkHeader(request, page.next));
  },
);

export const getRunner = operation(
  {
    id: 'getRunner',
    method: 'GET',
    path: '/runners/{id}',
    alsoAt: '/api/v1/runners/{id}',
    tag: 'runners',
    summary: 'Gets a runner',
    access: 'secret',
    parameters: RunnerId,
    query: z.strictObject({}),
    outcomes: {200: {description: 'The runner. A runner that is gone is kept for three days.', schema: Runner}},
    problems: ['unknown-runner'],
  },
  async (request, {path}) => {
    const runner = await findRunner(request, path.id);
    if (!runner) throw unknownRunner(path.id);
    return jsonReply(runner);
  },
);

function isDocumentState(state: State): state is DocumentState {
  return state !== 'stopped';
}

/** The record of a runner that drains since the end of its job says `busy` still. */
function runnersIn(
  store: Store,
  state: DocumentState,
  pool: string | undefined,
  repository: string | undefined,
): Source<RunnerView>[] {
  const onRecord = state === 'draining' ? (['draining', 'busy'] as const) : [state];
  return onRecord.map((recorded) => async (after, limit) => {
    const where = {state: recorded, ...(pool ? {pool} : {})};
    const found = await store.find('runners', {where, after, limit});
    return Promise.all(
      found.map(async ({id, data}) => {
        if (repository && !isAt(data, repository)) return {id};
        const runner = await readEnd(store, data);
        return runner.state === state ? {id, item: runnerView(runner)} : {id};
      }),
    );
  });
}

function isAt({scope}: RunnerDocument, repository: string): boolean {
  const sought = scope.kind === 'organization' ? repository.split('/')[0] : repository;
  return scopeName(scope).toLowerCase() === sought?.toLowerCase();
}

/** The persistent VMs as a source. All are in memory, because there are no more than are configured. */
function vmsIn(vms: readonly RunnerView[]): Source<RunnerView> {
  return async (after, limit) =>
    vms
      .filter(({id}) => id > after)
      .slice(0, limit)
      .map((item) => ({id: item.id, item}));
}
