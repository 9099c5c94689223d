import {InstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/instance_templates_client';
import {InstancesClient} from '@google-cloud/compute/build/src/v1/instances_client';
import {RegionInstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/region_instance_templates_client';
import {RegionsClient} from '@google-cloud/compute/build/src/v1/regions_client';
import {ZoneOperationsClient} from '@google-cloud/compute/build/src/v1/zone_operations_client';
import {ZonesClient} from '@google-cloud/compute/build/src/v1/zones_client';
import {GoogleAuth, PassThroughClient} from 'google-auth-library';
import {VirtualScheduler} from '../scheduler';
import {SeededRandom} from '../seeded-random';
import type {ComputeLatencies} from './latencies';
import {ComputeWorld} from './model';
import type {Template} from './resources';
import {ComputeServer} from './server';

export const PROJECT = 'p';
export const ZONE = 'us-central1-a';
export const GLOBAL = `projects/${PROJECT}/global/instanceTemplates/runner`;

export const TEMPLATE: Template = {
  name: 'runner',
  properties: {
    machineType: 'n2-standard-4',
    metadata: {items: [{key: 'startup-script', value: '#!/bin/bash'}]},
    labels: {team: 'ci'},
    scheduling: {automaticRestart: true, onHostMaintenance: 'MIGRATE'},
    disks: [{boot: true, autoDelete: true, initializeParams: {sourceImage: 'global/images/runner'}}],
    networkInterfaces: [{network: 'global/networks/default'}],
    tags: {items: ['runner']},
  },
};

export const SPOT = {
  provisioningModel: 'SPOT',
  automaticRestart: false,
  onHostMaintenance: 'TERMINATE',
  instanceTerminationAction: 'DELETE',
};

type Resource = NonNullable<NonNullable<Parameters<InstancesClient['insert']>[0]>['instanceResource']>;

interface Insertion {
  readonly zone?: string;
  readonly sourceInstanceTemplate?: string;
  readonly requestId?: string;
}

/** The simulated Compute Engine and Google's own REST clients in front of it. */
export async function openClients({latencies = {}}: {latencies?: Partial<ComputeLatencies>} = {}) {
  const clock = new VirtualScheduler();
  const world = new ComputeWorld({scheduler: clock, random: new SeededRandom(3), latencies});
  world.addTemplate(TEMPLATE);
  const server = new ComputeServer(world);
  const {host, port} = await server.listen();
  const auth = new GoogleAuth({projectId: PROJECT, authClient: new PassThroughClient()});
  const options = () => ({auth, apiEndpoint: host, port, protocol: 'http'});
  const instances = new InstancesClient(options());
  const operations = new ZoneOperationsClient(options());

  return {
    clock,
    world,
    server,
    instances,
    operations,
    templates: new InstanceTemplatesClient(options()),
    regionalTemplates: new RegionInstanceTemplatesClient(options()),
    zones: new ZonesClient(options()),
    regions: new RegionsClient(options()),
    at: (name: string, zone = ZONE) => ({project: PROJECT, zone, instance: name}),
    /** The name of the accepted operation. */
    async insert(instanceResource: Resource, insertion: Insertion = {}): Promise<string> {
      const request = {project: PROJECT, zone: ZONE, sourceInstanceTemplate: GLOBAL, ...insertion, instanceResource};
      // The libraries' own retries would hide what was answered.
      const [operation] = await instances.insert(request, {maxRetries: 0, timeout: 5000});
      return operationName(operation);
    },
    async wait(operation: string, zone = ZONE) {
      const [result] = await operations.wait({project: PROJECT, zone, operation});
      return result;
    },
    close: () => server.close(),
  };
}

export type Clients = Awaited<ReturnType<typeof openClients>>;

/** The generated methods wrap the answer; its operation is inside. */
export function operationName(wrapped: unknown): string {
  const {latestResponse} = wrapped as {latestResponse?: {name?: string}};
  return latestResponse?.name ?? 'no operation';
}
