import {once} from 'node:events';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {InstancesClient} from '@google-cloud/compute/build/src/v1/instances_client';
import {GoogleAuth, Compute as MetadataAuth} from 'google-auth-library';
import {createSecretManager} from '../shared/config/secret-manager';
import {Unavailable} from '../shared/errors';
import {createClients} from '../shared/providers/gce/client/call';
import {createCompute} from '../shared/providers/gce/client/client';
import {type InstancesPort, instancesApi} from '../shared/providers/gce/client/instances';
import {createCloudTasks} from '../shared/tasks/cloud-tasks';
import {createRequest} from './contracts/provider';
import {KEPT_CONNECTIONS} from './emulators/kept-connections';
import {VirtualScheduler} from './emulators/scheduler';
import {connectedWorld, organization, repository} from './github/world';
import {type Canned, type CannedCompute, cannedCompute, refusal} from './providers/gce/canned';
import {NAME, openGceWorld, ZONES} from './providers/gce/world';

const ZONE = 'us-central1-a';
const REQUEST_ID = '5d3c7d0e-2b6a-5c8e-9d15-0a7be4f2c619';
const PAGE: Canned = {status: 404, body: '<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>'};

let canned: CannedCompute;
let answer: Canned;
beforeAll(async () => {
  canned = await cannedCompute(() => answer);
});
beforeEach(() => {
  canned.seen.length = 0;
});
afterAll(() => canned.close());

describe('a 404 of the metadata server, asked for the access token', () => {
  let metadata: Server;
  let environment: jest.ReplaceProperty<NodeJS.ProcessEnv>;
  let compute: InstancesPort;

  beforeEach(async () => {
    metadata = createServer(KEPT_CONNECTIONS, (_, response) =>
      response.writeHead(404, {'metadata-flavor': 'Google'}).end('Not Found'),
    );
    metadata.listen(0, '127.0.0.1');
    await once(metadata, 'listening');
    const host = `127.0.0.1:${(metadata.address() as AddressInfo).port}`;
    environment = jest.replaceProperty(process, 'env', {GCE_METADATA_HOST: host});
    const auth = new GoogleAuth({projectId: 'p', authClient: new MetadataAuth()});
    const {host: apiEndpoint, port} = canned.emulator;
    const client = new InstancesClient({auth, apiEndpoint, port, protocol: 'http'});
    await client.initialize();
    compute = instancesApi({...createClients(canned.emulator), instances: async () => client}, async () => 'p');
  });

  afterEach(async () => {
    environment.restore();
    metadata.closeAllConnections();
    metadata.close();
    await once(metadata, 'close');
  });

  test.each([
    ['a look', () => compute.getInstance(ZONE, 'x')],
    ['a deletion', () => compute.deleteInstance(ZONE, 'x', REQUEST_ID)],
    ['a start', () => compute.powerInstance('start', ZONE, 'x', REQUEST_ID)],
  ])('leaves open what came of %s: the VM is not absent', async (_, call) => {
    const message = expect.stringContaining("not Compute Engine's own answer");
    await expect(call()).rejects.toMatchObject({failureClass: 'uncertain', retryable: true, message});
    expect(canned.seen).toEqual([]);
  });
});

describe('Compute Engine', () => {
  const compute = () => createCompute({project: 'p', emulator: canned.emulator, clock: new VirtualScheduler()});

  test.each<[string, Canned]>([
    ["a proxy's page", PAGE],
    ['a body without an error', {status: 404, body: {}}],
    ["a token service's error", {status: 404, body: {error: 'invalid_target', error_description: 'Not Found'}}],
    [
      'a 404 about another VM',
      refusal(404, 'notFound', `The resource 'projects/p/zones/${ZONE}/instances/xx' was not found`),
    ],
    ['a 404 about the project', refusal(404, 'notFound', "The resource 'projects/p' was not found")],
    ['a 404 about nothing', refusal(404, 'notFound', 'Not Found')],
  ])('says nothing of the VM by %s', async (_, given) => {
    answer = given;
    await expect(compute().getInstance(ZONE, 'x')).rejects.toThrow('get instance x');
    await expect(compute().deleteInstance(ZONE, 'x', REQUEST_ID)).rejects.toThrow('delete instance x');
    await expect(compute().getTemplate({name: 'x'})).rejects.toThrow('instanceTemplates/x');
  });

  test.each([
    `The resource 'projects/123456/zones/${ZONE}/instances/x' was not found`,
    `The resource 'projects/p/zones/${ZONE}' was not found`,
  ])('says that there is no such VM: %s', async (message) => {
    answer = refusal(404, 'notFound', message);
    expect(await compute().getInstance(ZONE, 'x')).toBeUndefined();
    expect(await compute().deleteInstance(ZONE, 'x', REQUEST_ID)).toBe('absent');
  });

  test.each([401, 403, 409])('is asked again after a page with %i', async (status) => {
    answer = {status, body: '<html>'};
    await expect(compute().getInstance(ZONE, 'x')).rejects.toMatchObject({failureClass: 'uncertain', retryable: true});
  });
});

describe('the provider', () => {
  test.each(['metadata', 'proxy'] as const)('does not take a VM for deleted after a 404 of the %s', async (sender) => {
    const gce = await openGceWorld();
    expect(await gce.provider.create(createRequest({name: NAME}, []))).toMatchObject({kind: 'created'});
    gce.server.fault({times: 2, respond: {status: 404, sender}});
    await expect(gce.provider.find({name: NAME, place: ZONES[0]})).rejects.toBeInstanceOf(Unavailable);
    await expect(gce.provider.delete({name: NAME, place: ZONES[0]})).rejects.toBeInstanceOf(Unavailable);
    expect(await gce.provider.delete({name: NAME, place: ZONES[0]})).toBe('accepted');
    await gce.close();
  });

  test('makes no second VM in the next zone while it cannot look whether the first is gone', async () => {
    const gce = await openGceWorld();
    const error = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'not enough resources'};
    gce.world.failLate({zone: ZONES[0], error});
    const isLook = ({method, path}: {method: string; path: string}) => method === 'GET' && path.endsWith(NAME);
    gce.server.fault({match: isLook, respond: {status: 404, sender: 'metadata'}});
    expect(await gce.provider.create(createRequest({name: NAME}, []))).toMatchObject({kind: 'uncertain'});
    expect(gce.inserts()).toHaveLength(1);
    await gce.close();
  });
});

describe('GitHub', () => {
  test('a page with 404 does not say that a runner or a job is gone', async () => {
    const github = await connectedWorld();
    github.world.addRepository('acme/app');
    const runners = github.gitHubFor(repository);
    await runners.listRunners();
    github.world.fault({
      match: {path: /runners|jobs/},
      times: 6,
      respond: {status: 404, body: '<html>Not Found</html>'},
    });
    const kind = 'unavailable';
    await expect(runners.getRunner(1)).rejects.toMatchObject({kind});
    await expect(runners.deleteRunner(1)).rejects.toMatchObject({kind});
    await expect(runners.removeLabel(1, 'gpu')).rejects.toMatchObject({kind});
    await expect(runners.addLabels(1, ['gpu'])).rejects.toMatchObject({kind});
    await expect(runners.getJob('acme/app', 1)).rejects.toMatchObject({kind});
    const [seen] = (await github.discover().listRepositories()).items;
    if (!seen) throw new Error('expected a repository');
    await expect(github.discover().job(seen, 1)).rejects.toMatchObject({kind});
    expect(await runners.deleteRunner(1)).toBe('absent');
    await github.close();
  });

  test.each([401, 403, 404, 409, 422])('a page with %i leaves a doubt about a registration', async (status) => {
    const github = await connectedWorld();
    github.world.addRepository('acme/app');
    const jit = {name: 'slipway-arm-1-1', labels: ['arm64'], runnerGroup: 'Default'};
    const runners = github.gitHubFor(organization);
    await runners.listRunners();
    github.world.fault({match: {path: /generate-jitconfig/}, times: 10, respond: {status, body: '<html></html>'}});
    await expect(runners.createJitConfig(jit)).rejects.toMatchObject({kind: 'uncertain'});
    await github.close();
  });
});

test('Cloud Tasks: a page with 404 does not say that the queue is missing, and is tried again', async () => {
  answer = PAGE;
  const queue = 'projects/p/locations/l/queues/q';
  const tasks = createCloudTasks({
    queues: {provision: [queue], stop: queue},
    urls: {provision: 'https://provision', stop: 'https://stop'},
    serviceAccount: 'tasks@p.iam.gserviceaccount.com',
    clock: new VirtualScheduler(),
    emulator: canned.emulator,
  });
  const enqueued = tasks.enqueue({queue: 'provision', name: 'x', body: {kind: 'demand', job: '7-1'}});
  await expect(enqueued).rejects.toThrow("not Cloud Tasks' own answer");
  expect(canned.seen).toHaveLength(2);
});

test('Secret Manager: a page with 404 does not say that the secret is missing', async () => {
  answer = PAGE;
  const read = createSecretManager({emulator: canned.emulator})('projects/p/secrets/s/versions/1');
  await expect(read).rejects.toBeInstanceOf(Unavailable);
  await expect(read).rejects.toThrow('another sender than Secret Manager');
});
