import {InstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/instance_templates_client';
import {InstancesClient} from '@google-cloud/compute/build/src/v1/instances_client';
import {RegionInstanceTemplatesClient} from '@google-cloud/compute/build/src/v1/region_instance_templates_client';
import {ZoneOperationsClient} from '@google-cloud/compute/build/src/v1/zone_operations_client';
import {ZonesClient} from '@google-cloud/compute/build/src/v1/zones_client';
import {GoogleAuth, PassThroughClient} from 'google-auth-library';

/** A plain-HTTP emulator of Compute Engine's REST API. */
export interface ComputeEmulator {
  readonly host: string;
  readonly port: number;
}

/**
 * The REST clients, each made when it is first used: the package as a whole takes seconds to load, and a client that is not needed
 * costs memory.
 */
export interface ComputeClients {
  readonly instances: () => Promise<InstancesClient>;
  readonly zoneOperations: () => Promise<ZoneOperationsClient>;
  readonly instanceTemplates: () => Promise<InstanceTemplatesClient>;
  readonly regionInstanceTemplates: () => Promise<RegionInstanceTemplatesClient>;
  readonly zones: () => Promise<ZonesClient>;
}

type ClientOptions = NonNullable<ConstructorParameters<typeof InstancesClient>[0]>;

export function createClients(emulator: ComputeEmulator | undefined): ComputeClients {
  const options = clientOptions(emulator);
  return {
    instances: whenReady(() => new InstancesClient(options())),
    zoneOperations: whenReady(() => new ZoneOperationsClient(options())),
    instanceTemplates: whenReady(() => new InstanceTemplatesClient(options())),
    regionInstanceTemplates: whenReady(() => new RegionInstanceTemplatesClient(options())),
    zones: whenReady(() => new ZonesClient(options())),
  };
}

/** One GoogleAuth for all clients, so that they share a token. The clients write into their options: each gets its own. */
function clientOptions(emulator: ComputeEmulator | undefined): () => ClientOptions {
  if (!emulator) {
    const auth = new GoogleAuth({scopes: ['https://www.googleapis.com/auth/cloud-platform']});
    return () => ({auth});
  }
  // Without an auth of our own the clients would first ask a metadata server that is not there.
  const auth = new GoogleAuth({authClient: new PassThroughClient()});
  return () => ({auth, apiEndpoint: emulator.host, port: emulator.port, protocol: 'http'});
}

/**
 * A client is initialised before its first call, and made anew when that failed: the generated methods throw a failed initialisation
 * outside of any promise that we could catch, which would end the process.
 */
function whenReady<T extends {initialize(): Promise<unknown>}>(make: () => T): () => Promise<T> {
  let ready: Promise<T> | undefined;
  return () => {
    ready ??= initialise(make()).catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };
}

async function initialise<T extends {initialize(): Promise<unknown>}>(client: T): Promise<T> {
  await client.initialize();
  return client;
}
