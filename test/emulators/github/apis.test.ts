import {createGitHub} from '../../../shared/github/client';
import type {GitHubFor} from '../../../shared/github/github';
import {Secret} from '../../../shared/secret';
import {directGitHub} from './direct';
import {type StartedGitHub, startGitHub} from './start-github';

const REPOSITORY = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
const ORGANIZATION = {kind: 'organization', org: 'acme'} as const;
const REQUEST = {name: 'r-1', labels: ['Linux', 'gpu'], runnerGroup: 'Default'};
const JIT = {method: 'POST', path: /generate-jitconfig$/};
const ONE = {method: 'DELETE', path: /runners\/\d+$/};

let github: StartedGitHub;

beforeEach(async () => {
  github = await startGitHub();
  github.world.addOrganization('acme', {runnerGroups: [{name: 'gpu', id: 9}]});
  github.world.addRepository('acme/app', {installationId: 7001});
});

afterEach(() => github.server.close());

/** The project's own client over HTTP. Its clock is real, as the world's for tokens is. */
function overHttp(): GitHubFor {
  return createGitHub({
    apiUrl: github.server.url,
    clock: {now: () => Date.now(), sleep: async () => undefined},
    credentials: {
      kind: 'app',
      appId: github.world.app.id,
      privateKey: async () => new Secret(github.world.app.privateKeyPem),
    },
  });
}

describe.each([
  ['the client over HTTP', overHttp],
  ['the direct port', () => directGitHub(github.world)],
])('%s', (_, make: () => GitHubFor) => {
  const repository = () => make()(REPOSITORY, 7001);

  it('registers, finds, lists and deletes a runner', async () => {
    const {runnerId, encodedJitConfig} = await repository().createJitConfig(REQUEST);
    const labels = ['linux', 'gpu'];
    const listed = {id: runnerId, name: 'r-1', status: 'offline', busy: false, labels, customLabels: labels};
    expect(github.world.connect(encodedJitConfig.reveal()).kind).toBe('connected');
    const online = {...listed, status: 'online', version: github.world.releases.inUse};
    expect(await repository().findRunner('r-1')).toEqual(online);
    expect(await repository().findRunner('r-2')).toBeUndefined();
    expect(await repository().getRunner(runnerId)).toEqual(online);
    expect(await repository().listRunners()).toEqual([online]);
    expect(await repository().deleteRunner(runnerId)).toBe('deleted');
    expect(await repository().deleteRunner(runnerId)).toBe('absent');
    expect(await repository().getRunner(runnerId)).toBeUndefined();
    expect(github.world.violations).toEqual([]);
  });

  it('takes custom labels off a runner and gives them back, and tells how a job stands', async () => {
    const runner = github.world.runners.registerPersistent(REPOSITORY, {
      name: 'vm',
      labels: ['self-hosted', 'gpu'],
      runnerGroupId: 1,
    });
    expect((await repository().findRunner('vm'))?.customLabels).toEqual(['gpu']);
    expect(await repository().removeLabel(runner.id, 'gpu')).toBe('removed');
    expect(await repository().removeLabel(runner.id, 'gpu')).toBe('absent');
    expect((await repository().findRunner('vm'))?.labels).toEqual(['self-hosted']);
    expect(await repository().addLabels(runner.id, ['gpu', 'large'])).toBe('added');
    expect((await repository().findRunner('vm'))?.labels).toEqual(['self-hosted', 'gpu', 'large']);
    expect(await repository().addLabels(99_999, ['gpu'])).toBe('absent');

    const job = github.world.queueJob({repository: 'acme/app', labels: ['gpu'], durationMs: 1000});
    expect(await repository().getJob('acme/app', job.id)).toEqual({status: 'queued', runnerName: null, runnerId: null});
    expect(await repository().getJob('acme/app', 1)).toBeUndefined();
    expect(github.world.violations).toEqual([]);
  });

  it('does not delete a runner that runs a job', async () => {
    const {runnerId, encodedJitConfig} = await repository().createJitConfig(REQUEST);
    github.world.connect(encodedJitConfig.reveal());
    github.world.queueJob({repository: 'acme/app', labels: ['gpu'], durationMs: 3_600_000});
    github.scheduler.advance(10_000);
    expect(await repository().deleteRunner(runnerId)).toBe('busy');
  });

  it('registers in a group of an organization by its name', async () => {
    await make()(ORGANIZATION).createJitConfig({...REQUEST, runnerGroup: 'gpu'});
    expect(github.world.runners.all().map((runner) => runner.group.id)).toEqual([9]);
    const nowhere = make()(ORGANIZATION).createJitConfig({...REQUEST, runnerGroup: 'tpu'});
    await expect(nowhere).rejects.toMatchObject({kind: 'refused'});
  });

  it('says that a name is taken', async () => {
    await repository().createJitConfig(REQUEST);
    await expect(repository().createJitConfig(REQUEST)).rejects.toMatchObject({kind: 'name_taken'});
  });

  it('is uncertain when the response to a registration is lost, and the runner is there', async () => {
    github.world.fault({match: JIT, respond: 'lose-response'});
    await expect(repository().createJitConfig(REQUEST)).rejects.toMatchObject({kind: 'uncertain'});
    expect(await repository().findRunner('r-1')).toMatchObject({name: 'r-1'});
  });

  it.each([
    ['uncertain', JIT, 'reset' as const],
    ['uncertain', JIT, {status: 502}],
    ['rate_limited', JIT, {status: 429, headers: {'retry-after': '9'}}],
    ['refused', JIT, {status: 403, body: {message: 'Resource not accessible by integration'}}],
    ['unavailable', ONE, {status: 500}],
    ['unavailable', ONE, 'reset' as const],
  ])('is %s after a fault', async (kind, match, respond) => {
    github.world.fault({match, respond});
    const asked = match === JIT ? repository().createJitConfig(REQUEST) : repository().deleteRunner(21);
    await expect(asked).rejects.toMatchObject({kind});
    expect(github.world.runners.all()).toEqual([]);
  });

  it('passes on when the primary limit ends', async () => {
    github.world.limits.primary = 0;
    await expect(repository().listRunners()).rejects.toMatchObject({kind: 'rate_limited'});
  });

  it.each([
    ['not there', () => github.world.app.uninstall(7001)],
    ['suspended', () => Object.assign(github.world.app.installation(7001), {suspended: true})],
  ])('is refused when the installation is %s', async (__, spoil) => {
    spoil();
    await expect(repository().listRunners()).rejects.toMatchObject({kind: 'refused'});
  });
});
