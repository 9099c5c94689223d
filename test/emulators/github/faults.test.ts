import {appClient, type StartedGitHub, startGitHub} from './start-github';

const JIT = 'POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig';
const REQUEST = {owner: 'acme', repo: 'app', name: 'r-1', runner_group_id: 1, labels: ['linux']};
const MATCH = {method: 'POST', path: /generate-jitconfig$/};

/** What octokit makes of a broken connection. */
const NO_ANSWER = {name: 'HttpError', status: 500, response: undefined};

let github: StartedGitHub;

beforeEach(async () => {
  github = await startGitHub();
  github.world.addRepository('acme/app', {installationId: 7001});
});

afterEach(() => github.server.close());

it('registers the runner although the response is lost', async () => {
  github.world.fault({match: MATCH, respond: 'lose-response'});
  await expect(github.client(7001).request(JIT, REQUEST)).rejects.toMatchObject(NO_ANSWER);
  expect(github.world.runners.all().map((runner) => runner.name)).toEqual(['r-1']);
  await expect(github.client(7001).request(JIT, REQUEST)).rejects.toMatchObject({status: 409});
});

it('does nothing when the connection is reset before the request is read', async () => {
  github.world.fault({match: MATCH, respond: 'reset'});
  await expect(github.client(7001).request(JIT, REQUEST)).rejects.toMatchObject(NO_ANSWER);
  expect(github.world.runners.all()).toEqual([]);
});

it('answers what was planned as often as it was planned, without any effect', async () => {
  github.world.fault({match: MATCH, times: 2, respond: {status: 503, headers: {'retry-after': '7'}}});
  for (let n = 0; n < 2; n++) {
    await expect(github.client(7001).request(JIT, REQUEST)).rejects.toMatchObject({
      status: 503,
      response: {headers: {'retry-after': '7'}},
    });
  }
  expect((await github.client(7001).request(JIT, REQUEST)).status).toBe(201);
});

it('lets a request hang until the client gives up or the server closes', async () => {
  github.world.fault({match: MATCH, respond: 'hang'});
  const hanging = github.client(7001).request(JIT, REQUEST);
  const settled = expect(hanging).rejects.toMatchObject(NO_ANSWER);
  while (github.world.faults.pending > 0) await new Promise((resolve) => setImmediate(resolve));
  await github.server.close();
  await settled;
  expect(github.world.runners.all()).toEqual([]);
});

it('speaks under the prefix of a GitHub Enterprise Server too', async () => {
  const octokit = appClient(github.world, github.server.enterpriseUrl, 7001);
  expect((await octokit.request(JIT, REQUEST)).status).toBe(201);
  expect(github.world.requests.at(-1)).toMatchObject({
    method: 'POST',
    path: '/repos/acme/app/actions/runners/generate-jitconfig',
    operationId: 'actions/generate-runner-jitconfig-for-repo',
  });
});

it('remembers every request, those that a fault met too', async () => {
  github.world.fault({match: MATCH, respond: 'reset'});
  await expect(github.client(7001).request(JIT, REQUEST)).rejects.toMatchObject(NO_ANSWER);
  expect(github.world.requests.map(({method, operationId}) => `${method} ${operationId}`)).toEqual([
    'POST apps/create-installation-access-token',
    'POST actions/generate-runner-jitconfig-for-repo',
  ]);
});
