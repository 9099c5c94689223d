import type {Clock} from '../clock';
import type {AwsSettings} from '../config/aws';
import type {Config} from '../config/config-types';
import type {SecretReader} from '../config/secrets';
import {Refused, Unavailable} from '../errors';
import type {GoogleEmulator} from '../google-call';
import type {Logger} from '../logger';
import type {RunnerToInstallReader} from '../model/facts';
import {isDocker} from '../model/host';
import {isEphemeral, isGce, type Pool} from '../model/pool';
import type {Codemagic} from './codemagic/client';
import type {CodemagicPool} from './codemagic/config';
import type {ContainerHosts} from './container-hosts';
import type {ComputeEmulator} from './gce/client/call';
import type {Compute} from './gce/client/compute';
import type {PersistentVm, VmReference} from './persistent-vm';
import type {NamedProvider, RunnerProvider, StandbyMachines} from './provider';

/** `DRY_RUN`: logs which machine would be created or deleted, and changes nothing. */
export function dryRunProvider(real: RunnerProvider, logger: Logger): RunnerProvider {
  return {
    registration: real.registration,
    placements: (request) => real.placements(request),
    async create({name, pool, job}) {
      logger.info(`dry run: would make a VM for runner ${name}`, {
        decision: 'dry_run',
        runner: name,
        pool,
        ...(job ? {job} : {}),
      });
      return {kind: 'created', placement: {place: 'dry-run', spot: false}, id: name};
    },
    find: (machine) => real.find(machine),
    async delete({name}) {
      logger.info(`dry run: would delete the VM of ${name}`, {decision: 'dry_run', runner: name});
      return 'accepted';
    },
    list: (onRecord) => real.list(onRecord),
    ...(real.wasPreempted ? {wasPreempted: real.wasPreempted.bind(real)} : {}),
    ...(real.failure ? {failure: real.failure.bind(real)} : {}),
    ...(real.console ? {console: real.console.bind(real)} : {}),
    ...(real.page ? {page: real.page.bind(real)} : {}),
    ...(real.standby ? {standby: dryRunStandby(real.standby, logger)} : {}),
    check: (pool) => real.check(pool),
  };
}

/** `DRY_RUN`: looks at standby machines, and neither creates nor begins one. */
function dryRunStandby(real: StandbyMachines, logger: Logger): StandbyMachines {
  const say = (action: string, name: string) =>
    logger.info(`dry run: would ${action} standby machine ${name}`, {decision: 'dry_run', runner: name});
  const refused = {kind: 'refused', message: 'DRY_RUN creates and starts no machine'} as const;
  return {
    look: (machine) => real.look(machine),
    fingerprint: (pool) => real.fingerprint(pool),
    async prepare({name}) {
      say('create', name);
      return refused;
    },
    async suspend({name}) {
      say('suspend', name);
      return 'accepted';
    },
    async begin({machine}) {
      say('begin', machine.name);
      return refused;
    },
  };
}

/** `DRY_RUN`: reads the status of the VM, and neither starts nor stops it. */
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
    stoppedAt: () => real.stoppedAt(),
    beginStart: begun('start'),
    start: changed('start'),
    beginStop: begun('stop'),
    stop: changed('stop'),
  };
}

/** What providers read of the configuration. */
export interface DeploymentSettings {
  readonly deployment: string;
  readonly pools: readonly Pool[];
  readonly dryRun: boolean;
  /** Zone and region of this deployment, for pools that name none. */
  readonly zone?: string;
  readonly region?: string;
  readonly aws: AwsSettings;
  /** The project of this deployment. Undefined only where no provider needs it. */
  readonly project?: string;
  readonly emulators?: {readonly run?: GoogleEmulator};
}

export interface ProviderOptions {
  readonly config: DeploymentSettings;
  /** Called at the first use of Compute Engine. */
  readonly compute: () => Compute;
  /** Called at the first use of CodeMagic. Throws `Refused` without a token. */
  readonly codemagic: () => Codemagic;
  /** Called at the first use of a Docker host. */
  readonly hosts: () => ContainerHosts;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What new machines are told of the runner application; undefined: nothing. */
  readonly runnerToInstall?: RunnerToInstallReader;
}

/** Creates the provider of one type, for all pools of that type. */
export type MakeProvider = (options: ProviderOptions) => RunnerProvider;

/** Functions that create a provider, by the type that pools and records name. */
export type ProviderTypes = Readonly<Record<string, MakeProvider>>;

/** Every type of provider. The code of a type is loaded at its first use. */
const PROVIDERS: ProviderTypes = {
  gce({config, compute, clock, logger, runnerToInstall}) {
    const {createGceProvider}: typeof import('./gce/provider') = require('./gce/provider');
    const {deployment, zone, region} = config;
    const pools = config.pools.filter(isGce);
    const place = {...(zone ? {zone} : {}), ...(region ? {region} : {})};
    return createGceProvider({
      ...{compute: compute(), pools, deployment, place, clock, logger},
      ...(runnerToInstall ? {runnerToInstall} : {}),
    });
  },
  codemagic({config, codemagic, clock, logger}) {
    const {createCodemagicProvider}: typeof import('./codemagic/provider') = require('./codemagic/provider');
    const {deployment, pools} = config;
    return createCodemagicProvider({
      ...{codemagic: codemagic(), pools: pools.filter(isCodemagic), deployment, clock, logger},
    });
  },
  docker({config, hosts}) {
    const {createDockerProvider}: typeof import('./docker/provider') = require('./docker/provider');
    return createDockerProvider({hosts: hosts(), pools: config.pools.filter(isDocker)});
  },
  ec2({config, clock, logger, runnerToInstall}) {
    const {createEc2Provider}: typeof import('./ec2/provider') = require('./ec2/provider');
    return createEc2Provider({config, clock, logger, runnerToInstall});
  },
  'cloud-run'({config, clock, logger}) {
    const {createCloudRunProvider, isCloudRun}: typeof import('./cloud-run/provider') = require('./cloud-run/provider');
    const {createRun}: typeof import('./cloud-run/client/client') = require('./cloud-run/client/client');
    const {deployment, project = '', region} = config;
    const pools = config.pools.filter(isCloudRun);
    const home = {project, ...(region ? {region} : {})};
    return createCloudRunProvider({run: createRun(config.emulators?.run), pools, deployment, home, clock, logger});
  },
};

function isCodemagic(pool: Pool): pool is Pool & CodemagicPool {
  return pool.provider.type === 'codemagic';
}

/** The type that is asked where a pool is no longer configured and no record names a type. It is also listed where a pool has a persistent VM. */
const DEFAULT_TYPE: string = 'gce';

/** The providers of a deployment: one for each type, which its pools share. */
export interface Providers {
  /**
   * The provider of a type; without `type`, that of the pool.
   *
   * @throws Refused for a pool that creates no machines, and for an unknown type.
   */
  of(pool: string, type?: string): RunnerProvider;
  /** The providers of all pools and of `types`. Every call to the provider of an unknown type throws `Refused`. */
  all(types: Iterable<string>): readonly NamedProvider[];
}

function unknownType(type: string): Refused {
  return new Refused(`found no provider ${type}, which a record names; deploy a version that has it`);
}

/** The provider of an unknown type, in a record of another version: nothing is known about its machines. */
function missingProvider(type: string): RunnerProvider {
  const refuse = async () => {
    throw unknownType(type);
  };
  return {
    registration: 'create',
    placements: refuse,
    create: refuse,
    find: refuse,
    delete: refuse,
    list: refuse,
    check: refuse,
  };
}

/** @param types beside those that there are, or in their place: each makes its provider once, when it is first asked for. */
export function createProviders(options: ProviderOptions, types: ProviderTypes = {}): Providers {
  const {config, logger} = options;
  const known = new Map(Object.entries({...PROVIDERS, ...types}));
  const made = new Map<string, RunnerProvider>();
  const provider = (type: string): RunnerProvider => {
    const present = made.get(type);
    if (present) return present;
    const make = known.get(type);
    if (!make) throw unknownType(type);
    const one = config.dryRun ? dryRunProvider(make(options), logger) : make(options);
    made.set(type, one);
    return one;
  };
  return {
    of(name, type) {
      if (type !== undefined) return provider(type);
      const pool = config.pools.find((candidate) => candidate.name === name);
      if (!pool) return provider(DEFAULT_TYPE);
      if (isEphemeral(pool)) return provider(pool.provider.type);
      throw new Refused(`pool ${name} has provider ${pool.provider.type}, which creates no machine for a job`);
    },
    all(others) {
      const ofPools = config.pools.map((pool) => (isEphemeral(pool) ? pool.provider.type : DEFAULT_TYPE));
      return [...new Set([...ofPools, ...others])].map((type) => ({
        type,
        provider: known.has(type) ? provider(type) : missingProvider(type),
      }));
    },
  };
}

/** Creates the client of Compute Engine. Its code is loaded at the first use. */
export function createEngine(
  {project, emulators}: {readonly project: string; readonly emulators: {readonly compute?: ComputeEmulator}},
  clock: Clock,
): Compute {
  const {createCompute}: typeof import('./gce/client/client') = require('./gce/client/client');
  const {compute: emulator} = emulators;
  return createCompute({project, clock, ...(emulator ? {emulator} : {})});
}

/** Creates the client of CodeMagic. Its code is loaded at the first use; the token is read on each use, so that a rotated one applies. */
export function connectCodemagic(
  {apiUrl, v3Url, token: source}: Config['codemagic'],
  secrets: SecretReader,
  clock: Clock,
): Codemagic {
  if (!source) throw new Refused('found no token for CodeMagic; set CODEMAGIC_TOKEN');
  const token = {
    async read() {
      const [secret] = await secrets.read(source);
      if (!secret) throw new Unavailable('CODEMAGIC_TOKEN has no enabled version in Secret Manager; add one', 60);
      return secret;
    },
    invalidate: () => secrets.invalidate(source),
  };
  const {createCodemagic}: typeof import('./codemagic/client') = require('./codemagic/client');
  return createCodemagic({apiUrl, v3Url, token, clock});
}

/** Creates the access to persistent VMs. */
export function createVms({config, compute, clock, logger}: ProviderOptions): (vm: VmReference) => PersistentVm {
  return (vm) => {
    const {createGceVm}: typeof import('./gce/vm') = require('./gce/vm');
    const real = createGceVm({compute: compute(), clock, vm});
    return config.dryRun ? dryRunVm(real, vm, logger) : real;
  };
}
