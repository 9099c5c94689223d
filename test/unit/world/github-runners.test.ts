import {startGitHub, type StartedGitHub} from '../../world/github/start-github';

const JIT = 'POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig';
const APP = {owner: 'acme', repo: 'app'};

let github: StartedGitHub;

beforeEach(async () => {
  github = await startGitHub();
  github.world.addRepository('acme/app', {installationId: 7001});
});

afterEach(() => github.server.close());

function jit(name: string, change: object = {}) {
  return github.client(7001).request(JIT, {...APP, name, runner_group_id: 1, labels: ['Self-Hosted', 'linux'], ...change});
}

it('gives a JIT config of at least 2 KB with the labels in lower case, and none added', async () => {
  const {status, data} = await jit('r-1');
  expect(status).toBe(201);
  expect(data.encoded_jit_config.length).toBeGreaterThan(2048);
  expect(data.runner).toMatchObject({name: 'r-1', status: 'offline', busy: false, ephemeral: true, version: null});
  expect(data.runner.labels.map((label) => label.name)).toEqual(['self-hosted', 'linux']);
  expect(github.world.violations).toEqual([]);
});
