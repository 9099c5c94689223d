import {type Clock, withDeadline} from '../../clock';
import {Refused, Unavailable} from '../../errors';
import type {Logger} from '../../logger';
import {parseRunnerName} from '../../model/names';
import type {Placement} from '../../model/placement';
import {JIT_CONFIG_VARIABLE} from '../../model/runner-program';
import {type PlacedReference, readOnRecord} from '../on-record';
import type {CreateOutcome, CreateRequest, Machine, MachineReference, RunnerProvider} from '../provider';
import {checkPool} from './check';
import type {Codemagic} from './client';
import type {CodemagicPool} from './config';
import {CodemagicFailure, withCodemagicErrors} from './failure';
import {asMachine, BuildFinder, hasEnded, hasFailed, type OwnBuild} from './find';
import {DEPLOYMENT_VARIABLE, labelsOf, ownerOf, RUNNER_VARIABLE} from './ours';

export interface CodemagicProviderOptions {
  readonly codemagic: Codemagic;
  readonly pools: readonly CodemagicPool[];
  readonly deployment: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After a lost answer CodeMagic's list is read this much later, in milliseconds, so that it has the build if there is one. */
const LOOK_AFTER_MS = 3_000;

/** How long that may take, below the lease of a creation: a team may have many pages. */
const LOOK_SECONDS = 30;

/** What the build is doing, for people. */
const STAGES: Readonly<Record<string, string>> = {
  queued: 'waits for a free machine of the team: more builds were started than it has concurrencies',
  preparing: 'has its machine, which is being prepared',
  fetching: 'fetches the repository with codemagic.yaml',
};

/** Starts one build of a workflow for each runner: its id is the machine's. One provider serves all pools of the deployment. */
export function createCodemagicProvider(options: CodemagicProviderOptions): RunnerProvider {
  const {codemagic, pools, deployment, clock, logger} = options;
  const workflows = new Set(pools.map(({provider}) => `${provider.app}/${provider.workflow}`));
  const finder = new BuildFinder({codemagic, deployment, clock, workflows});
  const poolNamed = (name: string | undefined) => pools.find((pool) => pool.name === name);

  /** Teams in which a build of the name may be: its pool's, else every one. */
  const teamsOf = ({name, pool}: MachineReference): readonly string[] => {
    const own = poolNamed(pool ?? parseRunnerName(deployment, name)?.pool);
    const teams = [...new Set((own ? [own] : pools).map(({provider}) => provider.team))];
    if (teams.length > 0) return teams;
    throw new Refused(`found no pool of type codemagic, whose team has build ${name}; cancel the build at CodeMagic`);
  };

  /** By its id if that is on record: then it is ours unless CodeMagic says otherwise, because only ids of our own builds are recorded. */
  const look = async (reference: MachineReference): Promise<readonly OwnBuild[]> => {
    const {name, id} = reference;
    if (!id) return finder.findNamed(teamsOf(reference), name);
    const build = await withCodemagicErrors(codemagic.getBuild(id));
    if (!build || hasEnded(build.status)) return [];
    const owner = ownerOf(deployment, build);
    if (owner.kind === 'unknown') return [{build, name, isKept: false}];
    if (owner.kind === 'ours' && owner.name === name) return [{build, name, isKept: owner.isKept}];
    logger.warning(`build ${id} is not labelled as ${name} of ${deployment}: left alone`, {
      decision: 'foreign',
      runner: name,
    });
    return [];
  };

  /** A build on record that no team's list has: its pool may have been removed, or be in another team by now. */
  const readBuild = async (reference: PlacedReference): Promise<Machine | undefined> => {
    const {name, id, place} = reference;
    if (id !== undefined) {
      const [build] = await look(reference);
      return build && asMachine(build, deployment, clock.now());
    }
    // By its name it is found in the lists alone.
    if (pools.some(({provider}) => provider.app === place)) return undefined;
    throw new Unavailable(`the team that has build ${name} is not known`, 60);
  };

  return {
    registration: 'create',

    async placements({pool: name}) {
      const pool = poolNamed(name);
      if (!pool) throw new Refused(unknownPool(name));
      return [placementOf(pool)];
    },

    async create(request) {
      const pool = poolNamed(request.pool);
      if (!pool) return {kind: 'refused', message: unknownPool(request.pool)};
      const placement = placementOf(pool);
      await request.beforeInsert(placement, placement.machineType);
      try {
        // mutation: codemagic second build
        const id = await codemagic.startBuild(newBuild(pool, deployment, request));
        return {kind: 'created', placement, id};
      } catch (error) {
        if (!(error instanceof CodemagicFailure)) throw error;
        // mutation: codemagic answer
        if (error.failure !== 'uncertain') return refusal(error, pool);
        return (
          (await foundAfterAll(options, finder, pool, request)) ?? {
            kind: 'uncertain',
            placement,
            message: error.message,
          }
        );
      }
    },

    async find(reference) {
      const [newest] = await look(reference);
      return newest && asMachine(newest, deployment, clock.now());
    },

    async delete(reference) {
      const found = await look(reference);
      const answers = await Promise.all(found.map(({build}) => withCodemagicErrors(codemagic.cancelBuild(build.id))));
      return answers.includes('accepted') ? 'accepted' : 'absent';
    },

    async list(onRecord = []) {
      const teams = [...new Set(pools.map(({provider}) => provider.team))];
      if (teams.length === 0 && onRecord.length === 0) {
        throw new Refused('found no pool of type codemagic, whose team has the builds');
      }
      const lists = await Promise.allSettled(teams.map((team) => finder.find(team)));
      const read = lists.flatMap((list) => (list.status === 'fulfilled' ? [list.value] : []));
      const [failed] = lists.filter((list) => list.status === 'rejected');
      if (read.length === 0 && failed) throw failed.reason;
      const listed = read.flatMap(({builds}) => builds).map((one) => asMachine(one, deployment, clock.now()));
      if (failed || !read.every(({complete}) => complete)) return {machines: listed, complete: false};
      // mutation: builds on record
      const {machines, unreadPlaces} = await readOnRecord(onRecord, listed, readBuild);
      const all = [...listed, ...machines];
      return unreadPlaces.length === 0
        ? {machines: all, complete: true}
        : {machines: all, complete: false, unreadPlaces};
    },

    async failure({id}) {
      const build = id ? await withCodemagicErrors(codemagic.getBuild(id)) : undefined;
      if (!build || !hasFailed(build.status) || ownerOf(deployment, build).kind === 'foreign') return undefined;
      return `its build ended as ${build.status}; the log of the build at CodeMagic says why`;
    },

    async console(reference) {
      const [newest] = await look(reference);
      if (!newest) return undefined;
      const {status} = newest.build;
      return `the build ${STAGES[status] ?? `is ${status}`}`;
    },

    async page({id, place}) {
      return id && place ? `https://codemagic.io/app/${place}/build/${id}` : undefined;
    },

    async check(name) {
      const pool = poolNamed(name);
      if (!pool) return [{status: 'error', because: unknownPool(name), do: 'Correct the configuration.'}];
      return checkPool({codemagic, pool});
    },
  };
}

function unknownPool(pool: string): string {
  return `found no pool ${pool}; expected one that starts builds at CodeMagic`;
}

/** There is one: the application, on its machines. */
function placementOf({provider: {app, instanceType}}: CodemagicPool): Placement {
  return {place: app, spot: false, ...(instanceType === undefined ? {} : {machineType: instanceType})};
}

function newBuild({provider}: CodemagicPool, deployment: string, request: CreateRequest) {
  const {app, workflow, branch, instanceType} = provider;
  const jitConfig = request.encodedJitConfig.reveal();
  return {
    ...{app, workflow, branch, instanceType},
    labels: labelsOf(deployment, request),
    variables: {
      [RUNNER_VARIABLE]: request.name,
      [DEPLOYMENT_VARIABLE]: deployment,
      [JIT_CONFIG_VARIABLE]: jitConfig,
    },
    secrets: [jitConfig],
  };
}

/** The build whose start was not answered, if CodeMagic lists it. It is never started again here: whoever repeats the creation looks first. */
async function foundAfterAll(
  {clock}: CodemagicProviderOptions,
  finder: BuildFinder,
  pool: CodemagicPool,
  {name, onWaiting}: CreateRequest,
): Promise<CreateOutcome | undefined> {
  await clock.sleep(LOOK_AFTER_MS);
  await onWaiting?.();
  const silent = () => new Unavailable(`CodeMagic’s list took longer than ${LOOK_SECONDS} s`, 10);
  const look = withDeadline(LOOK_SECONDS * 1000, finder.findNamed([pool.provider.team], name), silent);
  const [newest] = await look.catch(() => []);
  return newest && {kind: 'created', placement: placementOf(pool), id: newest.build.id};
}

function refusal({failure, message, retryAfterSeconds}: CodemagicFailure, {provider}: CodemagicPool): CreateOutcome {
  switch (failure) {
    case 'rate':
      return {kind: 'rate_limited', message, retryAfterSeconds};
    case 'quota':
      return {kind: 'quota', message, quotaScope: provider.team};
    default:
      return {kind: 'refused', message};
  }
}
