import {createCompute} from '../../../shared/providers/gce/client/client';
import type {GcePool} from '../../../shared/providers/gce/create';
import {createGceProvider, type GceProviderOptions} from '../../../shared/providers/gce/provider';
import {placeOrder} from '../../../shared/providers/placements';
import type {RunnerProvider} from '../../../shared/providers/provider';
import {createLogger} from '../../../shared/telemetry/create-logger';
import {directCompute} from '../../emulators/compute/direct';
import type {ComputeLatencies} from '../../emulators/compute/latencies';
import {ComputeWorld} from '../../emulators/compute/model';
import type {ComputeRequest} from '../../emulators/compute/request';
import type {Instance, Template} from '../../emulators/compute/resources';
import {ComputeServer} from '../../emulators/compute/server';
import {VirtualScheduler} from '../../emulators/scheduler';
import {SeededRandom} from '../../emulators/seeded-random';

export const NAME = 'slipway-arm-7-1';

const POOL_ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-f'];

/** The zones of the pool in the order in which they are tried for `NAME`. */
export const ZONES = placeOrder(NAME, POOL_ZONES) as [string, string, string];

export const TEMPLATE: Template = {
  name: 'runner',
  properties: {
    machineType: 'n2-standard-4',
    metadata: {items: [{key: 'startup-script', value: '#!/bin/bash\nexec /opt/runner/start'}]},
    labels: {team: 'ci'},
    scheduling: {onHostMaintenance: 'MIGRATE', automaticRestart: true},
  },
};

const DISKS = [
  {
    boot: true,
    autoDelete: true,
    type: 'PERSISTENT',
    deviceName: 'boot',
    initializeParams: {sourceImage: 'global/images/runner', diskSizeGb: '50', diskType: 'pd-ssd'},
  },
  {
    autoDelete: true,
    type: 'PERSISTENT',
    deviceName: 'cache',
    initializeParams: {diskType: 'pd-standard', diskSizeGb: '10'},
  },
];

/** The same with disks of its own. */
export const SIZED: Template = {...TEMPLATE, properties: {...TEMPLATE.properties, disks: DISKS}};

/** The size of the boot disk that the insert or the template gave an instance. */
export function bootDiskGb({disks}: {readonly [name: string]: unknown}): number {
  const boot = (disks as typeof DISKS | undefined)?.find((disk) => disk.boot);
  return Number(boot?.initializeParams.diskSizeGb);
}

export interface GceWorld {
  readonly world: ComputeWorld;
  readonly server: ComputeServer;
  readonly clock: VirtualScheduler;
  readonly provider: RunnerProvider;
  /** The provider of the same deployment after its pool was changed to this one. */
  changedTo(pool: Partial<GcePool>): RunnerProvider;
  readonly log: string[];
  /** The inserts that reached Compute Engine. */
  inserts(): ComputeRequest[];
  /** The machines that are not ending. */
  machines(): Instance[];
  /** Creates a VM of somebody else, or of another job, in the zone that the provider tries first. */
  plant(labels: Readonly<Record<string, string>>, name?: string): Instance;
  close(): Promise<void>;
}

export interface GceWorldOptions {
  readonly provider?: Partial<GcePool['provider']>;
  readonly templates?: readonly Template[];
  readonly latencies?: Partial<ComputeLatencies>;
  /** On the port that the simulation has, in place of Google's clients. */
  readonly isDirect?: boolean;
  readonly runnerToInstall?: GceProviderOptions['runnerToInstall'];
}

/** The provider on the real client of Google and the HTTP server of the simulated Compute Engine, with a virtual clock. */
export async function openGceWorld(options: GceWorldOptions = {}): Promise<GceWorld> {
  const clock = new VirtualScheduler();
  const latencies = options.latencies ?? {};
  const world = new ComputeWorld({scheduler: clock, random: new SeededRandom(7), latencies});
  for (const template of options.templates ?? [TEMPLATE]) world.addTemplate(template);
  const server = new ComputeServer(world);
  const emulator = await server.listen();
  const log: string[] = [];
  const pool: GcePool = {
    name: 'arm',
    bootMinutes: 5,
    idleMinutes: 10,
    jobMinutes: 120,
    provider: {template: 'runner', zones: POOL_ZONES, spot: 'never', ...options.provider},
  };
  const changedTo = (change: Partial<GcePool>) =>
    createGceProvider({
      compute: options.isDirect ? directCompute(server) : createCompute({project: 'p', emulator, clock}),
      pools: [{...pool, ...change}],
      deployment: 'slipway',
      ...(options.runnerToInstall ? {runnerToInstall: options.runnerToInstall} : {}),
      clock,
      logger: createLogger({level: 'debug', destination: {write: (line) => log.push(line)}}),
    });
  return {
    world,
    server,
    clock,
    provider: changedTo({}),
    changedTo,
    log,
    inserts: () => server.requests.filter(isInsert),
    machines: () => world.instances().filter(({status}) => status !== 'STOPPING'),
    plant(labels, name = NAME) {
      const template = {name: 'runner', region: undefined};
      world.insert({zone: ZONES[0], template, requestId: undefined, body: {name, labels}});
      clock.advance(60_000);
      return world.get(ZONES[0], name);
    },
    close: () => server.close(),
  };
}

export function isInsert({method, path}: Pick<ComputeRequest, 'method' | 'path'>): boolean {
  return method === 'POST' && path.endsWith('/instances');
}

export function isGetInstance({method, path}: ComputeRequest): boolean {
  return method === 'GET' && /\/instances\/[^/]+$/.test(path);
}
