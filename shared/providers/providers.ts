import type {Clock} from '../clock';
import type {Compute} from '../compute/compute';
import type {Config} from '../config/config';
import {Refused} from '../errors';
import type {Logger} from '../logger';
import type {Pool} from '../model/pool';
import {dryRunProvider, dryRunVm} from './dry-run';
import {createGceProvider} from './gce';
import {createGceVm} from './gce-vm';
import type {Provider} from './provider';
import type {PersistentVm, VmReference} from './vm';

export interface ProvidersOptions {
  readonly config: Pick<Config, 'deployment' | 'pools' | 'dryRun' | 'zone' | 'region'>;
  readonly compute: Compute;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The provider of each pool by name, made when it is first asked for. */
export function createProviders(options: ProvidersOptions): (pool: string) => Provider {
  const made = new Map<string, Provider>();
  return (name) => {
    const provider = made.get(name) ?? make(name, options);
    made.set(name, provider);
    return provider;
  };
}

function make(name: string, options: ProvidersOptions): Provider {
  const pool = options.config.pools.find((candidate) => candidate.name === name) ?? removedPool(name);
  if (pool.provider.type !== 'gce') {
    throw new Refused(`pool ${name} has provider ${pool.provider.type}, which makes no VM for a job; expected gce`);
  }
  const {config, compute, clock, logger} = options;
  const place = {...(config.zone ? {zone: config.zone} : {}), ...(config.region ? {region: config.region} : {})};
  const provider = createGceProvider({
    compute,
    pool: {...pool, provider: pool.provider},
    deployment: config.deployment,
    place,
    clock,
    logger,
  });
  return config.dryRun ? dryRunProvider(provider, logger) : provider;
}

/** The persistent VMs. */
export function createVms({config, compute, clock, logger}: ProvidersOptions): (vm: VmReference) => PersistentVm {
  return (vm) => {
    const real = createGceVm({compute, clock, vm});
    return config.dryRun ? dryRunVm(real, vm, logger) : real;
  };
}

/** A pool that was taken out of the configuration while its VMs live: they can be found and deleted, and no more are made. */
function removedPool(name: string): Pick<Pool, 'name' | 'bootMinutes' | 'idleMinutes' | 'jobMinutes' | 'provider'> {
  return {
    name,
    bootMinutes: 0,
    idleMinutes: 0,
    jobMinutes: 0,
    provider: {type: 'gce', template: 'none', spot: 'never'},
  };
}
