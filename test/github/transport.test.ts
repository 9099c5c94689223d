import type {Credentials} from '../../shared/github/access';
import {createGitHub} from '../../shared/github/client';
import type {GitHub} from '../../shared/github/github';
import {Secret} from '../../shared/secret';
import {holdTimeouts, pass, releaseTimeouts} from '../builders/held-timeouts';
import {VirtualScheduler} from '../emulators/scheduler';
import {type Answer, type ScriptedServer, type SeenRequest, scriptedServer} from './scripted-server';

const request = {name: 'slipway-arm-1-1', labels: ['self-hosted', 'arm64'], runnerGroup: 'Default'};
const created = {status: 201, body: {runner: {id: 5}, encoded_jit_config: 'abc'}};
const runner = (id: number) => ({id, name: `r${id}`, os: 'linux', status: 'offline', busy: false, labels: []});
const TIMEOUT_MS = 10_000;

let server: ScriptedServer | undefined;
beforeEach(holdTimeouts);
afterEach(async () => {
  releaseTimeouts();
  await server?.close();
  server = undefined;
});

const personal: Credentials = {kind: 'token', token: async () => new Secret('ghp_personal')};

async function against(
  answer: (seen: SeenRequest) => Answer,
  options: {path?: string; credentials?: Credentials} = {},
): Promise<GitHub> {
  server = await scriptedServer(answer);
  const {path = '', credentials = personal} = options;
  const apiUrl = `${server.url}${path}`;
  return createGitHub({apiUrl, credentials, timeoutMs: TIMEOUT_MS, clock: new VirtualScheduler()})({
    kind: 'repository',
    owner: 'acme',
    repo: 'app',
  });
}

const lines = () => server?.seen.map((seen) => seen.line);

test.each<Answer>(['cut', 'drop', {status: 201}, {status: 502, body: {message: 'Bad Gateway'}}])(
  'a registration whose answer is %j is uncertain, and is sent once',
  async (answer) => {
    const github = await against(() => answer);
    await expect(github.createJitConfig(request)).rejects.toMatchObject({kind: 'uncertain', retryable: true});
    expect(lines()).toEqual(['POST /repos/acme/app/actions/runners/generate-jitconfig']);
  },
);

test('a registration without an answer in time is uncertain, and is sent once', async () => {
  const github = await against(() => 'hang');
  const late = expect(github.createJitConfig(request)).rejects.toMatchObject({kind: 'uncertain', retryable: true});
  await pass(TIMEOUT_MS, () => server?.seen.length === 1);
  await late;
  expect(lines()).toEqual(['POST /repos/acme/app/actions/runners/generate-jitconfig']);
});

test.each<Answer>(['cut', 'drop', {status: 200}, {status: 409, body: {message: 'Conflict'}}])(
  'a list whose answer is %j is unavailable, never empty',
  async (answer) => {
    const github = await against(() => answer);
    await expect(github.listRunners()).rejects.toMatchObject({kind: 'unavailable'});
    await expect(github.findRunner('r1')).rejects.toMatchObject({kind: 'unavailable'});
  },
);

test.each<[string, (github: GitHub) => Promise<unknown>]>([
  ['list', (github) => github.listRunners()],
  ['search', (github) => github.findRunner('r1')],
])('a %s that is not answered in time is unavailable, never empty', async (_, ask) => {
  const github = await against(() => 'hang');
  const late = expect(ask(github)).rejects.toMatchObject({kind: 'unavailable'});
  await pass(TIMEOUT_MS, () => server?.seen.length === 1);
  await late;
});

test('a list with fewer runners than its total is unavailable', async () => {
  const github = await against(() => ({status: 200, body: {total_count: 3, runners: [runner(1), runner(2)]}}));
  await expect(github.listRunners()).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringMatching(/2.*3/),
  });
});

test('a runner that moves to the next page during the reading does not replace a missing one', async () => {
  const github = await against(({line}) =>
    line.includes('page=2')
      ? {status: 200, body: {total_count: 3, runners: [runner(2)]}}
      : {
          status: 200,
          body: {total_count: 3, runners: [runner(1), runner(2)]},
          headers: {link: `<${server?.url}/repos/acme/app/actions/runners?page=2>; rel="next"`},
        },
  );
  await expect(github.listRunners()).rejects.toMatchObject({kind: 'unavailable'});
});

test.each(['/api/v3', '/api/v3/'])('GitHub Enterprise Server is reached under %s', async (path) => {
  const github = await against(() => created, {path});
  await expect(github.createJitConfig(request)).resolves.toMatchObject({runnerId: 5});
  expect(lines()).toEqual(['POST /api/v3/repos/acme/app/actions/runners/generate-jitconfig']);
});

test('a request names the program, the version of the API and the token', async () => {
  const github = await against(() => created);
  await github.createJitConfig(request);
  expect(server?.seen[0]?.headers).toMatchObject({
    'user-agent': expect.stringMatching(/^slipway\/\d+\.\d+\.\d+ /),
    'x-github-api-version': '2022-11-28',
    accept: 'application/vnd.github+json',
    authorization: 'token ghp_personal',
  });
  expect(JSON.parse(server?.seen[0]?.body ?? '')).toEqual({
    name: 'slipway-arm-1-1',
    runner_group_id: 1,
    labels: ['self-hosted', 'arm64'],
    work_folder: '_work',
  });
});

test('a replaced personal token is read again after a 401, and the request is sent again', async () => {
  let kept = 'ghp_old';
  const credentials: Credentials = {
    kind: 'token',
    token: async () => new Secret(kept),
    invalidate: () => {
      kept = 'ghp_new';
    },
  };
  const github = await against(
    ({headers}) =>
      headers.authorization === 'token ghp_new' ? created : {status: 401, body: {message: 'Bad credentials'}},
    {credentials},
  );
  await expect(github.createJitConfig(request)).resolves.toMatchObject({runnerId: 5});
  expect(server?.seen).toHaveLength(2);
});

test('a personal token that is still refused ends in a refusal after one request', async () => {
  const github = await against(() => ({status: 401, body: {message: 'Bad credentials'}}));
  await expect(github.listRunners()).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('GITHUB_TOKEN'),
  });
  expect(server?.seen).toHaveLength(1);
});

test('an unreachable GitHub is unavailable, also for a registration: nothing was sent', async () => {
  const github = await against(() => 'drop');
  await server?.close();
  server = undefined;
  await expect(github.createJitConfig(request)).rejects.toMatchObject({kind: 'unavailable'});
});
