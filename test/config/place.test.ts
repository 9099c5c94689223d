import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {parseConfig} from '../../shared/config/config';
import {type ReadMetadata, resolvePlace} from '../../shared/config/place';
import {KEPT_CONNECTIONS} from '../emulators/kept-connections';
import {COMPLETE, problemsOf} from './environments';

const config = (env: Record<string, string> = {}) => parseConfig({...COMPLETE, ...env}, 'provision');
const VM = 'pools: [{repo: acme/app, requires: [linux], provider: {type: gce-vm, instance: v}}]';

/** A metadata server that knows `values`, and what it was asked. */
function metadataOf(values: Record<string, string>) {
  const asked: string[] = [];
  const read: ReadMetadata = async (key) => {
    asked.push(key);
    const value = values[key];
    if (value === undefined) throw new Error('404');
    return value;
  };
  return {read, asked};
}

async function problems(promise: Promise<unknown>): Promise<string[]> {
  const error: unknown = await promise.catch((caught: unknown) => caught);
  return problemsOf(() => {
    throw error;
  });
}

const FUNCTION = {
  'project/project-id': 'acme-prod',
  'instance/zone': 'projects/1/zones/us-east1-1',
  'instance/region': 'projects/1/regions/us-east1',
};
const INSTANCE = {'project/project-id': 'acme-prod', 'instance/zone': 'projects/1/zones/us-east1-b'};
const ALL = {GOOGLE_CLOUD_PROJECT: 'acme', GOOGLE_CLOUD_ZONE: 'us-west1-a', GOOGLE_CLOUD_REGION: 'us-west1'};

test.each<[string, Record<string, string>, Record<string, string>, object, string[]]>([
  [
    'the environment, and nobody is asked',
    ALL,
    FUNCTION,
    {project: 'acme', zone: 'us-west1-a', region: 'us-west1'},
    [],
  ],
  [
    'the metadata server, on a VM',
    {},
    INSTANCE,
    {project: 'acme-prod', zone: 'us-east1-b', region: 'us-east1'},
    ['project/project-id', 'instance/zone', 'instance/region'],
  ],
  [
    'the metadata server, on Cloud Run, whose zone is not one of Compute Engine',
    {},
    FUNCTION,
    {project: 'acme-prod', region: 'us-east1'},
    ['project/project-id', 'instance/zone', 'instance/region'],
  ],
  [
    'both: only what is missing is asked for',
    {GOOGLE_CLOUD_ZONE: 'us-west1-a'},
    FUNCTION,
    {project: 'acme-prod', zone: 'us-west1-a', region: 'us-west1'},
    ['project/project-id'],
  ],
])('the place is from %s', async (_, env, values, expected, asked) => {
  const metadata = metadataOf(values);
  expect(await resolvePlace(config(env), metadata.read)).toEqual(expected);
  expect(metadata.asked).toEqual(asked);
});

test('without an answer, the error names the variables to set', async () => {
  const {read} = metadataOf({});
  const found = 'nothing, and no answer from the metadata server';
  expect(await problems(resolvePlace(config(), read))).toEqual([
    `GOOGLE_CLOUD_PROJECT: ${found} → the id of the project`,
    `GOOGLE_CLOUD_REGION: ${found} → a region, as a pool names neither region nor zones`,
  ]);
  expect(await problems(resolvePlace(config({GOOGLE_CLOUD_PROJECT: 'acme', RUNNER_CONFIG: VM}), read))).toEqual([
    `GOOGLE_CLOUD_ZONE: ${found} → a zone, as a gce-vm pool names none`,
  ]);
});

describe('the metadata server itself', () => {
  let server: Server;
  let environment: jest.ReplaceProperty<NodeJS.ProcessEnv>;

  beforeEach(async () => {
    server = createServer(KEPT_CONNECTIONS, (request, response) => {
      const value = new Map(Object.entries(FUNCTION)).get(request.url?.replace('/computeMetadata/v1/', '') ?? '');
      const known = request.headers['metadata-flavor'] === 'Google' && value !== undefined;
      response.writeHead(known ? 200 : 404, {'metadata-flavor': 'Google'}).end(value);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    environment = jest.replaceProperty(process, 'env', {GCE_METADATA_HOST: host});
  });

  afterEach(async () => {
    environment.restore();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('is read through gcp-metadata', async () => {
    expect(await resolvePlace(config())).toEqual({project: 'acme-prod', region: 'us-east1'});
  });
});
