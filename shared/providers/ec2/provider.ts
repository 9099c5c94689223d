import type {Clock} from '../../clock';
import type {AwsSettings} from '../../config/aws';
import {Refused} from '../../errors';
import type {Logger} from '../../logger';
import type {RunnerToInstall} from '../../model/facts';
import {DEPLOYMENT_LABEL, parseRunnerName} from '../../model/names';
import type {Pool} from '../../model/pool';
import {lastLineOf} from '../console-line';
import {ExhaustedPlacements, exhaustionKey} from '../placements';
import type {MachineReference, RunnerProvider} from '../provider';
import {type Account, Accounts, accountOf, regionOfPlace} from './accounts';
import {checkPool} from './check';
import {createEc2} from './client/client';
import type {Ec2} from './client/ec2';
import {withEc2Errors} from './client/errors';
import {createInstance, type Ec2Pool, placementsFor} from './create';
import {type Found, listMachines} from './list';
import {failureOf, isEnded, isOwnInstance, machineOf, NAME_TAG, wasInterrupted} from './machine';

export interface Ec2ProviderOptions {
  readonly config: {readonly deployment: string; readonly pools: readonly Pool[]; readonly aws: AwsSettings};
  readonly clock: Clock;
  readonly logger: Logger;
  /** What new machines are told of the runner application; left out: nothing. */
  readonly runnerToInstall?: (() => Promise<RunnerToInstall | undefined>) | undefined;
  /** In place of EC2 over HTTP. */
  readonly open?: (account: Account) => Ec2;
}

/**
 * Creates one EC2 instance for each runner from a launch template. One provider serves all pools, accounts and regions of the deployment. An
 * instance is known by its id, and is ours by its tag.
 */
export function createEc2Provider(options: Ec2ProviderOptions): RunnerProvider {
  const {config, clock, logger, runnerToInstall} = options;
  const {deployment, aws} = config;
  const pools = config.pools.filter((pool): pool is typeof pool & Ec2Pool => pool.provider.type === 'ec2');
  const open = (account: Account) =>
    createEc2({...account, ...aws, sessionName: `slipway-${deployment}`, clock: {now: () => clock.now()}});
  const accounts = new Accounts({pools, defaultRole: aws.roleArn, open: options.open ?? open});
  const exhausted = new Map<string, ExhaustedPlacements>();

  /** Placements are exhausted for each pool separately: pools have different templates. */
  const exhaustedOf = (pool: string): ExhaustedPlacements => {
    const known = exhausted.get(pool) ?? new ExhaustedPlacements(clock);
    exhausted.set(pool, known);
    return known;
  };

  /** Every instance that the reference may mean, those that have ended too, of whatever deployment. */
  const look = async ({name, id, pool, place}: MachineReference): Promise<Found[]> => {
    const where = accounts.ofMachine(pool ?? parseRunnerName(deployment, name)?.pool, place);
    if (where.length === 0) {
      const region = place === undefined ? '' : ` for ${regionOfPlace(place)}`;
      throw new Refused(`found no role${region} to look for ${name} with; set AWS_ROLE_ARN`);
    }
    const query = id === undefined ? {tags: {[NAME_TAG]: name, [DEPLOYMENT_LABEL]: deployment}} : {ids: [id]};
    const found = await Promise.all(
      where.map(async (account) => {
        const instances = await withEc2Errors(accounts.client(account).describeInstances(query));
        return instances.map((instance) => ({instance, account}));
      }),
    );
    return found.flat();
  };

  /** The machine, unless it has ended. */
  const find = async (reference: MachineReference): Promise<Found | undefined> => {
    const alive = (await look(reference)).filter(({instance}) => !isEnded(instance));
    const ours = alive.find(({instance}) => isOwnInstance(deployment, instance));
    if (ours || alive.length === 0) return ours;
    const {name} = reference;
    const pool = reference.pool ?? parseRunnerName(deployment, name)?.pool;
    logger.warning(`instance ${reference.id} is not tagged as ${deployment}'s: left alone`, {
      decision: 'foreign',
      runner: name,
      ...(pool ? {pool} : {}),
    });
    return undefined;
  };

  return {
    registration: 'create',

    async placements(request) {
      const pool = pools.find(({name}) => name === request.pool);
      if (!pool) throw new Refused(unknownPool(request.pool));
      return placementsFor(pool, request.name, request.options);
    },

    async create(request) {
      const pool = pools.find(({name}) => name === request.pool);
      if (!pool) return {kind: 'refused', message: unknownPool(request.pool)};
      const ec2 = accounts.client(accountOf(pool.provider));
      const exhausted = exhaustedOf(exhaustionKey(pool.name, request.options));
      return createInstance({ec2, pool, deployment, exhausted, clock, logger, runnerToInstall}, request);
    },

    async find(reference) {
      const found = await find(reference);
      return found && machineOf(found.instance, found.account.region, clock.now());
    },

    async delete(reference) {
      const found = await find(reference);
      if (!found) return 'absent';
      return withEc2Errors(accounts.client(found.account).terminateInstance(found.instance.id));
    },

    list: (onRecord = []) => listMachines({accounts, deployment, clock, look}, onRecord),

    async wasPreempted(reference) {
      const found = await look(reference);
      return found.some(({instance}) => isOwnInstance(deployment, instance) && wasInterrupted(instance));
    },

    async failure(reference) {
      const ours = (await look(reference)).filter(({instance}) => isOwnInstance(deployment, instance));
      // By its name there may be two, when the answer to the first request was lost.
      if (!ours.every(({instance}) => isEnded(instance))) return undefined;
      return ours.map(({instance}) => failureOf(instance)).find((failure) => failure !== undefined);
    },

    async console(reference) {
      const found = await find(reference);
      if (!found) return undefined;
      const contents = await withEc2Errors(accounts.client(found.account).consoleOutput(found.instance.id));
      // EC2 keeps the last 64 KB.
      return contents ? lastLineOf({contents, isCut: contents.length >= 64 * 1024}) : undefined;
    },

    async page({id, place}) {
      if (id === undefined || place === undefined) return undefined;
      const region = regionOfPlace(place);
      return `https://${region}.console.aws.amazon.com/ec2/home?region=${region}#InstanceDetails:instanceId=${encodeURIComponent(id)}`;
    },

    async check(name) {
      const pool = pools.find((one) => one.name === name);
      if (!pool) return [{status: 'error', because: unknownPool(name), do: 'Correct the configuration.'}];
      return checkPool({ec2: accounts.client(accountOf(pool.provider)), pool, deployment});
    },
  };
}

function unknownPool(pool: string): string {
  return `found no pool ${pool}; expected one of type ec2`;
}
