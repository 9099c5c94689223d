import type {Clock} from '../clock';
import type {Config} from '../config/config-types';
import {Refused} from '../errors';
import type {Logger} from '../logger';
import {isEphemeral, type ProviderConfig} from '../model/pool';
import type {Compute} from './gce/client/compute';
import type {PersistentVm, RunnerProvider, VmReference} from './provider';

/** `DRY_RUN`: logs which machine it would make or delete, and neither makes nor deletes any. */
export function dryRunProvider(real: RunnerProvider, logger: Logger): RunnerProvider {
  return {
    registration: real.registration,
    placements: (request) => real.placements(request),
    async create({name, pool, job}) {
      logger.info(`dry run: would make a VM for runner ${name}`, {decision: 'dry_run', runner: name, pool, job});
      return {kind: 'created', placement: {place: 'dry-run', spot: false}};
    },
    find: (machine) => real.find(machine),
    async delete({name}) {
      logger.info(`dry run: would delete the VM of ${name}`, {decision: 'dry_run', runner: name});
      return 'accepted';
    },
    list: () => real.list(),
    ...(real.wasPreempted ? {wasPreempted: real.wasPreempted.bind(real)} : {}),
    check: () => real.check(),
  };
}

/** Reads how the VM stands, and neither starts nor stops it. */
function dryRunVm(real: PersistentVm, {instance, zone}: VmReference, logger: Logger): PersistentVm {
  const say = (action: string) =>
    logger.info(`dry run: would ${action} ${instance} in ${zone}`, {decision: 'dry_run', vm: instance, zone});
  const changed = (action: string) => async () => {
    say(action);
    return {kind: 'already'} as const;
  };
  const begun = (action: string) => async () => {
    say(action);
    return {kind: 'done'} as const;
  };
  return {
    status: () => real.status(),
    beginStart: begun('start'),
    start: changed('start'),
    beginStop: begun('stop'),
    stop: changed('stop'),
  };
}

export interface ProviderOptions {
  readonly config: Pick<Config, 'deployment' | 'pools' | 'dryRun' | 'zone' | 'region'>;
  /** Called when something on Compute Engine is first asked for. */
  readonly compute: () => Compute;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The types of pools that get a machine for each job. */
export type ProviderType = Exclude<ProviderConfig['type'], 'gce-vm'>;

/** Makes the provider of one type, for all pools of that type. */
export type MakeProvider = (options: ProviderOptions) => RunnerProvider;

/** Every type of provider. Its code is loaded when it is first asked for. */
const PROVIDERS: Readonly<Record<ProviderType, MakeProvider>> = {
  gce({config, compute, clock, logger}) {
    const {createGceProvider}: typeof import('./gce/provider') = require('./gce/provider');
    const {deployment, zone, region} = config;
    const pools = config.pools.filter(isEphemeral);
    const place = {...(zone ? {zone} : {}), ...(region ? {region} : {})};
    return createGceProvider({compute: compute(), pools, deployment, place, clock, logger});
  },
};

/** Records of runners name no provider: what a pool made that is not configured any more is this one's. */
const OF_REMOVED_POOLS: ProviderType = 'gce';

/** The providers of a deployment: one for each type, which its pools share. */
export interface Providers {
  /**
   * The provider of a pool by name. Of a pool that is not configured any more, whose machines have to go, too.
   *
   * @throws Refused for a pool that gets no machine for each job.
   */
  of(pool: string): RunnerProvider;
  /** Every provider that may have machines of this deployment. */
  all(): readonly RunnerProvider[];
}

/** @param types in place of those that there are: each makes its provider once, when it is first asked for. */
export function createProviders(options: ProviderOptions, types: Partial<typeof PROVIDERS> = {}): Providers {
  const {config, logger} = options;
  const made = new Map<ProviderType, RunnerProvider>();
  const provider = (type: ProviderType): RunnerProvider => {
    const known = made.get(type);
    if (known) return known;
    const real = (types[type] ?? PROVIDERS[type])(options);
    const one = config.dryRun ? dryRunProvider(real, logger) : real;
    made.set(type, one);
    return one;
  };
  return {
    of(name) {
      const pool = config.pools.find((candidate) => candidate.name === name);
      if (!pool) return provider(OF_REMOVED_POOLS);
      if (isEphemeral(pool)) return provider(pool.provider.type);
      throw new Refused(`pool ${name} has provider ${pool.provider.type}, which makes no VM for a job; expected gce`);
    },
    all() {
      const types = config.pools.filter(isEphemeral).map((pool) => pool.provider.type);
      return [...new Set([...types, OF_REMOVED_POOLS])].map(provider);
    },
  };
}

/** Compute Engine over HTTP; its client is loaded when it is first asked for. */
export function createEngine(
  {project, emulators}: Pick<Config, 'emulators'> & {readonly project: string},
  clock: Clock,
): Compute {
  const {createCompute}: typeof import('./gce/client/client') = require('./gce/client/client');
  const {compute: emulator} = emulators;
  return createCompute({project, clock, ...(emulator ? {emulator} : {})});
}

/** The persistent VMs. */
export function createVms({config, compute, clock, logger}: ProviderOptions): (vm: VmReference) => PersistentVm {
  return (vm) => {
    const {createGceVm}: typeof import('./gce/vm') = require('./gce/vm');
    const real = createGceVm({compute: compute(), clock, vm});
    return config.dryRun ? dryRunVm(real, vm, logger) : real;
  };
}
