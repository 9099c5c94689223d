import type {HttpFunction} from '@google-cloud/functions-framework';
import {HOST_TOKEN_HEADER, hostToken} from '../../shared/host-token';
import {createCloudRunProvider, isCloudRun} from '../../shared/providers/cloud-run/provider';
import type {Compute} from '../../shared/providers/gce/client/compute';
import type {ProviderTypes} from '../../shared/providers/registry';
import {Secret} from '../../shared/secret';
import {ComputeApi} from '../emulators/compute/api';
import {directCompute} from '../emulators/compute/direct';
import {computeMachines} from '../emulators/compute/machine-world';
import {ComputeWorld} from '../emulators/compute/model';
import type {ModelOrders} from '../emulators/docker/host-model';
import {DockerWorld} from '../emulators/docker/world';
import type {MachineWorld} from '../emulators/machines';
import {RunApi} from '../emulators/run/api';
import {directRun} from '../emulators/run/direct';
import {runMachines} from '../emulators/run/machine-world';
import {RunWorld} from '../emulators/run/model';
import type {SeededRandom} from '../emulators/seeded-random';
import {callFunction} from '../simulation/call-function';
import {MANAGER_SECRET} from '../simulation/environment';
import type {EventScheduler} from '../simulation/event-scheduler';
import {slowed} from './slowed';
import {ASSUMED, HOSTS, type Way} from './ways';

interface Emulated {
  readonly machines: MachineWorld;
  /** What is called by nobody begins to call. */
  readonly start: (api: HttpFunction) => void;
  readonly compute?: Compute;
  readonly providers?: ProviderTypes;
}

interface MachineOptions {
  readonly scheduler: EventScheduler;
  readonly random: SeededRandom;
  /** Compute Engine has accepted the start or the resumption of the VM of this name. */
  readonly onBegun: (machine: string) => void;
  /** A call of a Docker host's agent: when it began, and the runners that it was told to start. */
  readonly onSync: (startedAt: number, runners: readonly string[]) => void;
}

/** Where the machines of the way are made, with the latencies that are assumed. */
export function machinesOf({machines}: Way, options: MachineOptions): Emulated {
  return {gce: onComputeEngine, 'cloud-run': onCloudRun, docker: onHosts}[machines](options);
}

function onComputeEngine({scheduler, random, onBegun}: MachineOptions): Emulated {
  const {insertToKernel: insert, stoppedToKernel: start} = ASSUMED;
  let resumed = 0;
  const resume = () => (++resumed % ASSUMED.resume.oneIn === 0 ? ASSUMED.resume.long : ASSUMED.resume.usual);
  const world = new ComputeWorld({scheduler, random, latencies: {insert, start, resume}});
  world.addTemplate({name: 'runner', properties: {machineType: 'e2-standard-4', metadata: {items: []}}});
  const direct = directCompute(new ComputeApi(world), 'world');
  const port: Compute = {
    ...direct,
    async powerInstance(action, zone, name, requestId) {
      const operation = await direct.powerInstance(action, zone, name, requestId);
      if (action === 'start' || action === 'resume') onBegun(name);
      return operation;
    },
  };
  const sleep = (ms: number) => scheduler.sleep(ms);
  const {look, change} = ASSUMED;
  const compute = slowed(port, sleep, {
    ...{insertInstance: ASSUMED.insert, getTemplate: ASSUMED.template},
    ...{getInstanceDetails: look, setMetadata: change, setLabels: change, powerInstance: change},
  });
  return {machines: computeMachines(world), start: () => undefined, compute};
}

function onCloudRun({scheduler, random}: MachineOptions): Emulated {
  const world = new RunWorld({scheduler, random, startMs: ASSUMED.cloudRun});
  world.addJob({name: 'runner', timeoutSeconds: 24 * 3600});
  const sleep = (ms: number) => scheduler.sleep(ms);
  const run = slowed(directRun(new RunApi(world)), sleep, {runJob: ASSUMED.insert, getJob: ASSUMED.template});
  const providers: ProviderTypes = {
    'cloud-run': ({config, clock, logger}) =>
      createCloudRunProvider({
        ...{run, pools: config.pools.filter(isCloudRun), deployment: config.deployment},
        ...{home: {project: 'world', region: 'us-central1'}, clock, logger},
      }),
  };
  return {machines: runMachines(world), start: () => undefined, providers};
}

function onHosts({scheduler, onSync}: MachineOptions): Emulated {
  let api: HttpFunction | undefined;
  const world: DockerWorld = new DockerWorld({
    scheduler,
    hosts: HOSTS.map(({name}) => name),
    pullMs: () => ASSUMED.container,
    sync: async (host, report) => {
      if (!api) throw new Error('nothing is deployed yet');
      const startedAt = scheduler.now();
      const token = hostToken(new Secret(MANAGER_SECRET), 'slipway', host);
      const headers = {[HOST_TOKEN_HEADER]: token, 'content-type': 'application/json'};
      const request = {path: `/hosts/${host}/sync`, headers, body: Buffer.from(JSON.stringify(report))};
      const {status, body} = await callFunction(api, request);
      if (status !== 200) throw new Error(`the sync was answered with ${status}`);
      const orders = body as ModelOrders;
      onSync(
        startedAt,
        orders.start.map(({name}) => name),
      );
      return orders;
    },
  });
  const start = (function_: HttpFunction) => {
    api = function_;
    world.start();
  };
  return {machines: world, start};
}
