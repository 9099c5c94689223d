import {once} from 'node:events';
import {request} from 'node:http';
import {createBrotliCompress, createGzip, constants as zlib} from 'node:zlib';
import type {Built} from '../builders/built-once';
import {buildBundles, type ServedBundle, serveBundle} from '../builders/served-bundle';

const MB = 1024 * 1024;
const SECRET = 'the-secret-of-the-bundle';
const FUNCTIONS = ['webhook', 'provision', 'stop', 'sweep', 'api'] as const;
const SERVICE_ACCOUNT = 'tasks@p.iam.gserviceaccount.com';

/** Addresses without a server: no request of these tests gets that far. */
const NOBODY = '127.0.0.1:1';

const ENV = {
  RUNNER_CONFIG:
    'pools: [{name: arm, repos: ["acme/*"], requires: [self-hosted], provider: {type: gce, template: t, zones: [us-central1-a]}}]',
  GITHUB_WEBHOOK_SECRET: SECRET,
  RUNNER_MANAGER_SECRET: SECRET,
  TASK_SIGNING_KEY: SECRET,
  INTERNAL_AUTH: 'platform',
  GITHUB_TOKEN: 'a-personal-access-token',
  GOOGLE_CLOUD_PROJECT: 'p',
  PROVISION_QUEUE: 'projects/p/locations/l/queues/provision',
  STOP_QUEUE: 'projects/p/locations/l/queues/stop',
  PROVISION_URL: 'https://provision.example',
  STOP_URL: 'https://stop.example',
  SWEEP_URL: 'https://sweep.example',
  TASKS_SERVICE_ACCOUNT: SERVICE_ACCOUNT,
  CLOUD_TASKS_EMULATOR_HOST: NOBODY,
  COMPUTE_EMULATOR_HOST: NOBODY,
  FIRESTORE_EMULATOR_HOST: NOBODY,
};

let built: Built;
let dist: string;
let brotli: Buffer;
let gzip: Buffer;
const served = new Map<string, ServedBundle>();

beforeAll(async () => {
  [brotli, gzip] = await Promise.all([
    compressed(createBrotliCompress({params: {[zlib.BROTLI_PARAM_QUALITY]: 5}}), 900),
    compressed(createGzip({level: 1}), 300),
  ]);
  built = buildBundles();
  dist = built.folder;
  for (const name of FUNCTIONS) served.set(name, await serveBundle(dist, name, ENV));
}, 120_000);

afterAll(() => {
  for (const {child} of served.values()) child.kill('SIGKILL');
  built.remove();
});

async function compressed(stream: ReturnType<typeof createGzip>, megabytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const zeros = Buffer.alloc(MB);
  for (let i = 0; i < megabytes; i++) if (!stream.write(zeros)) await once(stream, 'drain');
  stream.end();
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

/** `[{},{},…]`: the parsed value takes twenty times the size of the text. */
function objects(bytes: number): Buffer {
  return Buffer.from(`[${'{},'.repeat(Math.floor(bytes / 3) - 1)}{}]`);
}

interface Bomb {
  readonly body: () => Buffer;
  readonly headers?: Record<string, string>;
  /** Sent without `Content-Length`. */
  readonly chunked?: true;
  readonly times?: number;
  /** By function. */
  readonly statuses: readonly number[];
}

const JSON_TYPE = {'content-type': 'application/json'};
const BOMBS: readonly (readonly [string, Bomb])[] = [
  ['Brotli of 900 MB', {body: () => brotli, headers: {...JSON_TYPE, 'content-encoding': 'br'}, statuses: [415]}],
  ['gzip of 300 MB', {body: () => gzip, headers: {...JSON_TYPE, 'content-encoding': 'gzip'}, statuses: [415]}],
  [
    'Brotli of 900 MB, four at once',
    {body: () => brotli, headers: {...JSON_TYPE, 'content-encoding': 'br'}, times: 4, statuses: [415]},
  ],
  ['29 MB of [{},{},…]', {body: () => objects(29 * MB), headers: JSON_TYPE, statuses: [413]}],
  ['24 MB of [{},{},…]', {body: () => objects(24 * MB), headers: JSON_TYPE, statuses: [413, 401]}],
  ['29 MB without a length', {body: () => objects(29 * MB), headers: JSON_TYPE, chunked: true, statuses: [413, 401]}],
  ['24 MB without a length', {body: () => objects(24 * MB), headers: JSON_TYPE, chunked: true, statuses: [413, 401]}],
  [
    '20 MB of a form',
    {
      body: () => Buffer.from('a[b][c]=1&'.repeat(2 * MB)),
      headers: {'content-type': 'application/x-www-form-urlencoded'},
      statuses: [413, 401],
    },
  ],
];

/** A request that is valid except for its signature, which a caller with a mistaken IAM grant can send. `sweep` checks no signature, so its request carries no token. */
function headersFor(name: string): Record<string, string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: 'https://accounts.google.com',
    aud: `https://${name}.example`,
    email: SERVICE_ACCOUNT,
    email_verified: true,
    exp: 4_102_444_800,
  };
  return {
    ...(name === 'sweep'
      ? {}
      : {authorization: `Bearer ${part({alg: 'RS256'})}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE`}),
    'x-slipway-signature': `sha256=${'0'.repeat(64)}`,
    'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
    'x-github-event': 'workflow_job',
  };
}

/** `api` reads a body only after checking the secret, except the body of the health check. */
const PATHS: Readonly<Record<string, string>> = {api: '/health_check'};

function send(name: string, {port}: ServedBundle, {body, headers, chunked}: Bomb): Promise<number> {
  const bytes = body();
  return new Promise((resolve, reject) => {
    const length = chunked ? {'transfer-encoding': 'chunked'} : {'content-length': String(bytes.length)};
    const path = PATHS[name] ?? '/';
    const sending = request(
      {host: '127.0.0.1', port, path, method: 'POST', headers: {...headersFor(name), ...headers, ...length}},
      (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)),
    );
    sending.on('error', reject);
    for (let at = 0; at < bytes.length; at += MB) sending.write(bytes.subarray(at, at + MB));
    sending.end();
  });
}

describe.each(FUNCTIONS)('an unsigned request to dist/%s', (name) => {
  let bundle: ServedBundle;
  let idle: number;

  beforeAll(async () => {
    const found = served.get(name);
    if (!found) throw new Error(`found no ${name}`);
    bundle = found;
    const small: Bomb = {body: () => Buffer.from('{}'), headers: JSON_TYPE, statuses: []};
    for (let i = 0; i < 5; i++) await send(name, bundle, small);
    idle = bundle.residentBytes();
  });

  test.each(BOMBS)(
    'of %s takes no more memory than 1.3 × of the idle instance and its own size',
    async (_, bomb) => {
      bundle.forgetPeak();
      const times = bomb.times ?? 1;
      const statuses = await Promise.all(Array.from({length: times}, () => send(name, bundle, bomb)));
      for (const status of statuses) expect(bomb.statuses).toContain(status);
      // The process lives and answers further requests.
      expect(await send(name, bundle, {body: () => Buffer.from('{}'), headers: JSON_TYPE, statuses: []})).toBeLessThan(
        500,
      );
      const allowed = 1.3 * idle + times * bomb.body().length;
      expect(bundle.peakBytes() / MB).toBeLessThan(allowed / MB);
    },
    60_000,
  );
});

describe.each(FUNCTIONS)('dist/%s says nothing of what nobody signed', (name) => {
  test.each<[string, string, Record<string, string>, string]>([
    ['malformed JSON', '{"hush-hush": ', JSON_TYPE, ''],
    ['a malformed event', '{"hush-hush": ', {'content-type': 'application/cloudevents+json'}, ''],
    ['an unknown character set', 'hush-hush', {'content-type': 'text/plain; charset=hush-hush'}, ''],
    ['what cannot be inflated', 'hush-hush', {...JSON_TYPE, 'content-encoding': 'gzip'}, ''],
    ['malformed JSON at a path that cannot be decoded', '{"hush-hush": ', JSON_TYPE, '%ff'],
  ])('in its log or its answer: %s', async (_, body, headers, path) => {
    const bundle = served.get(name);
    if (!bundle) throw new Error(`found no ${name}`);
    const response = await fetch(`${bundle.url}${path || (name === 'api' ? 'runner/start' : '')}`, {
      method: 'POST',
      headers: {...headersFor(name), ...headers},
      body,
    });
    const answer = await response.text();
    expect([400, 401, 403, 415]).toContain(response.status);
    expect(response.headers.get('content-type')).toContain('json');
    expect(answer + bundle.output()).not.toContain('hush');
    // The framework's pages and log contain stacks unless NODE_ENV is production, which it is not here.
    expect(answer + bundle.output()).not.toContain('node_modules');
  });
});
