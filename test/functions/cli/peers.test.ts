import {rmSync} from 'node:fs';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {CommandLine, type RunOptions} from '../../builders/command-line';

jest.setTimeout(60_000);

const SECRET = 'the-secret-of-the-api';
const TOKEN = 'eyJhbGciOi.the-identity-of.a-person';
const EMPTY = {jobs: [], next: null};

let cli: CommandLine;
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const seen: IncomingMessage[] = [];

beforeAll(async () => {
  cli = CommandLine.build();
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  cli.remove();
});
beforeEach(() => {
  seen.length = 0;
  rmSync(`${cli.folder}/bin`, {recursive: true, force: true});
});

const jobs = (args: readonly string[] = [], options: RunOptions = {}) =>
  cli.run(['jobs', ...args], {...options, env: {SLIPWAY_API_URL: url, SLIPWAY_API_SECRET: SECRET, ...options.env}});

function send(response: ServerResponse, status: number, type: string, body: string, headers = {}): void {
  response.writeHead(status, {'content-type': type, ...headers}).end(body);
}
const json = (response: ServerResponse, body: unknown) => send(response, 200, 'application/json', JSON.stringify(body));

/** Cloud Run's IAM, in front of the function. */
function behindIam(status: number): void {
  answer = (request, response) => {
    if (request.headers.authorization === `Bearer ${TOKEN}`) json(response, EMPTY);
    else send(response, status, 'text/html; charset=UTF-8', '<html><title>Forbidden</title></html>');
  };
}

describe('behind the IAM of Cloud Run', () => {
  test.each([401, 403])('%i makes gcloud give an identity token, once for all requests', async (status) => {
    const item = {id: '1-1', repository: 'acme/app', status: 'queued'};
    behindIam(status);
    const open = answer;
    answer = (request, response) => {
      if (!request.headers.authorization) return open(request, response);
      return json(response, request.url?.includes('cursor') ? EMPTY : {jobs: [item], next: 'on'});
    };
    cli.write('bin/gcloud', `#!/bin/sh\necho "$@" >> ${cli.folder}/calls\necho ${TOKEN}\n`, 0o755);
    const ended = await jobs(['--json']);
    expect([ended.code, ended.stderr, JSON.parse(ended.stdout)]).toEqual([0, '', [item]]);
    expect(seen.map(({headers}) => headers['authorization'])).toEqual([
      undefined,
      `Bearer ${TOKEN}`,
      `Bearer ${TOKEN}`,
    ]);
    expect(seen.map(({headers}) => headers['x-runner-secret'])).toEqual([SECRET, SECRET, SECRET]);
  });

  test.each([
    [
      'no gcloud',
      undefined,
      'gcloud was not found: install it (https://cloud.google.com/sdk) and run gcloud auth login',
    ],
    [
      'nobody logged in',
      'echo "ERROR: no account" >&2; exit 1',
      'gcloud auth print-identity-token gave no token: run gcloud auth login',
    ],
  ])('%s is one line that says what to do', async (_, script, expected) => {
    behindIam(403);
    if (script) cli.write('bin/gcloud', `#!/bin/sh\n${script}\n`, 0o755);
    const said = `slipway: Cloud Run wants to know who calls, and ${expected}\n`;
    expect(await jobs()).toEqual({code: 1, stdout: '', stderr: said});
  });

  test('an account without the role is told so', async () => {
    behindIam(403);
    cli.write('bin/gcloud', '#!/bin/sh\necho another-token\n', 0o755);
    const {code, stderr} = await jobs();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^slipway: Cloud Run refuses this account \(403\): ask for roles\/run.invoker .*\n$/);
    expect(seen).toHaveLength(2);
  });

  test('api’s own 401 asks gcloud for nothing', async () => {
    const problem = {type: 'urn:slipway:problem:unauthenticated', status: 401, detail: `not ${SECRET}`};
    answer = (_, response) => send(response, 401, 'application/problem+json', JSON.stringify(problem));
    const {code, stderr} = await jobs();
    expect([code, stderr]).toEqual([
      1,
      'slipway: api does not know the secret: check --secret-file or SLIPWAY_API_SECRET (401)\n',
    ]);
    expect(seen).toHaveLength(1);
  });
});

const PROBLEM = 'application/problem+json; charset=utf-8';

test.each<[string, (response: ServerResponse) => void, number, RegExp]>([
  [
    'a problem that repeats the secret and steers the terminal',
    (response) =>
      send(
        response,
        409,
        PROBLEM,
        JSON.stringify({type: 'urn:slipway:problem:refused', detail: `no\n\u001b[31m ${SECRET} ghp_${'a'.repeat(36)}`}),
      ),
    1,
    /^slipway: no \[31m \*\*\* \*\*\* \(refused\)\n$/,
  ],
  [
    'a malformed request',
    (response) =>
      send(
        response,
        400,
        PROBLEM,
        JSON.stringify({
          type: 'urn:slipway:problem:invalid-request',
          detail: `query repository: expected owner/name, not ${SECRET}`,
          errors: [{in: 'query', path: 'repository', message: `expected owner/name,\n not ${SECRET}`}],
        }),
      ),
    2,
    /^slipway: --repo: expected owner\/name, not \*\*\*\n$/,
  ],
  [
    'a page in place of an answer',
    (response) => send(response, 200, 'text/html', '<html>'),
    1,
    /^slipway: found text\/html at \S+, expected JSON: check .*\n$/,
  ],
  [
    'JSON of something else',
    (response) => json(response, {pods: []}),
    1,
    /^slipway: the answer of \/jobs is not as this version knows it \(jobs\): check .*\n$/,
  ],
  [
    'a redirection',
    (response) => send(response, 302, 'text/html', '', {location: 'https://accounts.example/login'}),
    1,
    /^slipway: \S+ sends the request to https:\/\/accounts.example\/login: check .*\n$/,
  ],
  [
    'nothing there',
    (response) => send(response, 404, 'text/html', ''),
    1,
    /^slipway: found nothing of api at \S+ \(404\): check .*\n$/,
  ],
  [
    'a failure',
    (response) => send(response, 500, 'text/plain', 'oops'),
    1,
    /^slipway: \S+ answered 500: try again; .*\n$/,
  ],
  [
    'a connection that is cut',
    (response) => response.destroy(),
    1,
    /^slipway: \S+ cannot be reached \(UND_ERR_SOCKET\): check .*\n$/,
  ],
])('%s is one line, and the secret goes nowhere else', async (_, respond, code, said) => {
  answer = (_request, response) => respond(response);
  const ended = await jobs();
  expect([ended.code, ended.stdout]).toEqual([code, '']);
  expect(ended.stderr).toMatch(said);
  expect(seen).toHaveLength(1);
});

test('an api that does not answer is given up after --timeout', async () => {
  answer = () => undefined;
  const ended = await jobs(['--timeout', '1']);
  expect(ended).toEqual({code: 1, stdout: '', stderr: `slipway: ${url} did not answer within 1 s\n`});
});

test('an answer that does not end is given up, too, and a change may have taken effect', async () => {
  answer = (_, response) => void response.writeHead(200, {'content-type': 'application/json'}).write('{');
  const args = ['delete', 'a-runner', '--timeout', '1', '--url', url];
  const ended = await cli.run(args, {env: {SLIPWAY_API_SECRET: SECRET}});
  const said = `slipway: ${url} did not answer within 1 s; it may have taken effect: look before you try again\n`;
  expect(ended).toEqual({code: 1, stdout: '', stderr: said});
});

test('a limit of requests is waited out, and the wait is said', async () => {
  const problem = JSON.stringify({type: 'urn:slipway:problem:rate-limited', detail: 'too many'});
  answer = (_, response) => {
    if (seen.length > 1) json(response, EMPTY);
    else send(response, 429, PROBLEM, problem, {'retry-after': '1'});
  };
  const ended = await jobs(['--json']);
  expect(ended).toEqual({code: 0, stdout: '[]\n', stderr: 'waiting 1 s: api takes no more requests for now\n'});

  seen.length = 0;
  answer = (_, response) => send(response, 429, PROBLEM, problem, {'retry-after': '3600'});
  expect(await jobs()).toEqual({code: 1, stdout: '', stderr: 'slipway: too many (rate-limited)\n'});
});

test('a base URL with a path and a slash at its end is kept', async () => {
  answer = (_, response) => json(response, EMPTY);
  await jobs(['--url', `${url}/some/where/`]);
  expect(seen.map((request) => request.url)).toEqual(['/some/where/jobs?per_page=100']);
});

describe('on a terminal', () => {
  const queued_at = '2026-11-01T12:00:00.000Z';
  const items = [
    {
      queued_at,
      id: '44200000612-1',
      repository: 'acme/application',
      pool: 'arm',
      status: 'queued',
      labels: ['self-hosted', 'linux', 'a-very-long-label-of-somebody'],
    },
    {
      id: '44200000613-1',
      repository: 'acme/日本語の長い名前',
      pool: 'arm',
      status: 'in_progress',
      labels: ['\u001b]0;title\u0007x', 'two\nlines', '\u009b2J\u007f\u202ey'],
    },
  ];
  beforeEach(() => {
    answer = (_, response) => json(response, {jobs: items, next: null});
  });
  const on = (columns: string, env = {}, args: readonly string[] = []) =>
    jobs(args, {env: {SLIPWAY_FORCE_TTY: columns, ...env}});
  const lines = (text: string) => text.trimEnd().split('\n');

  test.each([70, 60, 40, 20])('%i columns hold each row on one line, cut with …', async (columns) => {
    const {stdout} = await on(String(columns), {NO_COLOR: '1'});
    expect(lines(stdout)).toHaveLength(3);
    // Wide characters take two columns.
    const width = (line: string) =>
      [...line].reduce((sum, character) => sum + (/[\u3000-\u9fff]/.test(character) ? 2 : 1), 0);
    for (const line of lines(stdout)) expect([line, width(line) <= columns]).toEqual([line, true]);
    expect(stdout).toContain('…');
    if (columns >= 70) expect(stdout).toMatch(/\n44200000612-1 +queued/);
  });

  test('what outsiders wrote does not steer the terminal', async () => {
    const {stdout} = await on('200', {NO_COLOR: '1'});
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(stdout).toContain(']0;title x, two lines');
  });

  test('nor as JSON, which a reader reads as the API sent it', async () => {
    const {stdout} = await on('200', {}, ['--json']);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
    expect(JSON.parse(stdout)).toEqual(items);
  });

  test('colours are used, and not with NO_COLOR, --no-color, TERM=dumb or in a pipe', async () => {
    const isColoured = async (ended: ReturnType<typeof jobs>) => (await ended).stdout.includes('\u001b[');
    expect(await isColoured(on('100'))).toBe(true);
    expect(await isColoured(on('100', {NO_COLOR: '1'}))).toBe(false);
    expect(await isColoured(on('100', {}, ['--no-color']))).toBe(false);
    expect(await isColoured(on('100', {TERM: 'dumb'}))).toBe(false);
    expect(await isColoured(on('100', {}, ['--json']))).toBe(false);
    expect(await isColoured(jobs())).toBe(false);
  });

  test('in a pipe nothing is cut', async () => {
    const {stdout} = await jobs([], {env: {COLUMNS: '20'}});
    expect(stdout).toContain('self-hosted, linux, a-very-long-label-of-somebody');
    expect(stdout).not.toContain('…');
  });
});

const slipway = (args: readonly string[], env: Record<string, string> = {}, until?: (stdout: string) => boolean) =>
  cli.run(args, {env: {SLIPWAY_API_URL: url, SLIPWAY_API_SECRET: SECRET, ...env}, ...(until ? {until} : {})});

describe('status of a large deployment', () => {
  const waiting = {job_id: 1, repository: 'acme/app', pool: 'arm', labels: ['linux'], age_seconds: 5};
  const status = {
    max_concurrent: 900,
    pools: [{name: 'arm', limit: 900, states: {busy: 701}}],
    active_runners: [{name: 'slipway-arm-1-1', pool: 'arm', state: 'busy', job_id: 1}],
    active_runners_total: 701,
    waiting_jobs: [waiting],
    waiting_jobs_total: 312,
    last_sweep: {
      age_seconds: 5,
      because: 'a sentence of a provider that is far longer than the screen of a terminal is wide',
    },
    breakers: [],
    deadletters: 0,
  };
  beforeEach(() => {
    answer = (_, response) => json(response, status);
  });

  test('tells how many there are, and that the lists are a part', async () => {
    const {stdout} = await slipway(['status']);
    expect(stdout).toContain('\nWaiting jobs (1 of 312)\n');
    expect(stdout).toContain('\nActive runners (1 of 701)\n');
    expect(stdout).toContain('\n312 jobs wait; at most 900 runners in all.\n');
  });

  test('tells where a GitHub App is made while there is none', async () => {
    expect((await slipway(['status'])).stdout).not.toContain('/setup');
    answer = (_, response) => json(response, {...status, github_app: 'missing'});
    expect((await slipway(['status'])).stdout).toContain('There is no GitHub App yet: open /setup of the API.');
  });

  test('no line of the live view wraps', async () => {
    const isDrawn = (stdout: string) => stdout.includes('UTC, every');
    const {stdout} = await slipway(['status', '--watch'], {SLIPWAY_FORCE_TTY: '50', NO_COLOR: '1'}, isDrawn);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what clears the line and the screen.
    const drawn = stdout.replace(/\u001b\[[HKJ]/g, '').split('\n');
    expect(drawn).toContainEqual(expect.stringMatching(/^The last sweep ended 5s ago: a sentence.*…$/));
    expect(drawn.filter((line) => line.length > 50)).toEqual([]);
  });
});

describe('what was done before something failed is told', () => {
  const problem = JSON.stringify({type: 'urn:slipway:problem:unknown-deadletter', detail: 'found no dead letter b'});
  const thing = {kind: 'machine', name: 'slipway-arm-1-1', place: 'z', because: 'its runner is offline'};
  const cleaned = {
    dry_run: false,
    what: 'machines',
    would_remove: [],
    removed: [thing],
    skipped: [{...thing, name: 'slipway-arm-2-1', because: 'next call'}],
  };

  test.each([
    ['retry', ['retry', 'a', 'b'], {status: 'enqueued', task: 't'}, 'a: enqueued\n'],
    ['cleanup', ['cleanup', 'machines', '--yes'], cleaned, /\nmachine +slipway-arm-1-1 +z +removed /],
  ])('by %s', async (_, args, first, shown) => {
    answer = (__, response) => {
      if (seen.length % 2 === 1) json(response, first);
      else send(response, 404, 'application/problem+json', problem);
    };
    const ended = await slipway(args);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/slipway: found no dead letter b \(unknown-deadletter\)\n$/);
    expect(ended.stdout).toMatch(shown);
    const inJson = await slipway([...args, '--json']);
    expect([inJson.code, JSON.parse(inJson.stdout)]).toEqual([1, [first]]);
  });
});

test('no command prints a secret, whatever goes wrong', async () => {
  behindIam(403);
  cli.write('bin/gcloud', `#!/bin/sh\necho ${TOKEN}\necho ${TOKEN} >&2\nexit 1\n`, 0o755);
  for (const args of [[], ['--json'], [`--secret=${SECRET}`], ['--secret', SECRET], ['--help']]) {
    const {stdout, stderr} = await jobs(args);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(stdout + stderr).not.toContain(TOKEN);
  }
});
