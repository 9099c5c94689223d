import {aDockerSystem, type DockerHost, type DockerSystem} from '../builders/docker-host';
import {MINUTE} from '../builders/system';

const SCOPE = {kind: 'repository', owner: 'acme', repo: 'app'} as const;

let system: DockerSystem;
afterEach(() => system.close());

const builder = () => system.hosts[0] as DockerHost;

/** A host whose image registers its runner itself, and takes its time. */
async function open(): Promise<void> {
  const env = {RUNNER_NAME: '{runner_name}', RUNNER_TOKEN: '{registration_token}'};
  system = await aDockerSystem({builder: 1}, {provider: {registration: 'token', env}, pool: {bootMinutes: 3}});
}

/** One sync of a host whose containers do nothing by themselves. */
async function sync() {
  const {json} = await builder().post(builder().model.report());
  builder().model.obey(json as never);
  return json as {start: {name: string; env: Record<string, string>}[]; remove: string[]};
}

async function handedOver() {
  const job = system.queueDockerJob();
  await system.pass(1_000);
  const {start} = await sync();
  const name = `slipway-docker-${job.id}-1`;
  return {job, name, env: start.find((entry) => entry.name === name)?.env};
}

/** Syncs of a host with running containers while the time passes. */
async function syncFor(ms: number, until: () => boolean = () => false): Promise<void> {
  for (let passed = 0; passed < ms && !until(); passed += 2_000) {
    for (const {name, state} of builder().model.containers) if (state === 'created') markRunning(name);
    await sync();
    await system.pass(2_000);
  }
}

/** Docker runs it, whatever its image does. */
function markRunning(name: string): void {
  const container = builder().model.containers.find((each) => each.name === name) as {
    state: string;
    startedAtMs: number;
  };
  Object.assign(container, {state: 'running', startedAtMs: system.scheduler.now()});
}

test('a container gets a registration token where its pool says so, and no JIT config', async () => {
  await open();
  const {name, env} = await handedOver();
  expect(env).toEqual({
    RUNNER_NAME: name,
    RUNNER_TOKEN: expect.stringMatching(/^A\d+REGISTRATION$/),
    ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: '1',
  });
  expect(system.github.runners.all()).toEqual([]);
});

test('the id of the registration is taken over when its name is first seen, and the container goes after the first job', async () => {
  await open();
  const {job, name} = await handedOver();
  await syncFor(20_000);
  const request = {name, labels: ['self-hosted', 'docker'], runnerGroupId: 1};
  const registration = system.github.runners.registerPersistent(SCOPE, request);
  await syncFor(20_000);
  expect(await system.store.get('runners', name)).toMatchObject({githubId: registration.id});
  system.github.runners.start(registration);
  await syncFor(3 * MINUTE, () => builder().model.containers.length === 0);
  expect(job).toMatchObject({conclusion: 'success', runner: {name}});
  expect(builder().model.containers).toEqual([]);
  await syncFor(4_000);
  expect(await system.store.get('runners', name)).toMatchObject({state: 'gone', slot: null});
});

test('a container that does not register within bootMinutes is removed and counts as a failed boot', async () => {
  await open();
  const {job, name} = await handedOver();
  await syncFor(4 * MINUTE, () => !builder().model.containers.some((each) => each.name === name));
  expect(builder().model.containers.map((each) => each.name)).not.toContain(name);
  expect(system.scheduler.now() - job.createdAtMs).toBeGreaterThan(3 * MINUTE);
  const [breaker] = await system.store.find('breakers', {where: {}, limit: 5});
  expect(breaker?.data).toMatchObject({
    failures: 1,
    reason: expect.stringContaining('did not register within bootMinutes'),
  });
  await syncFor(20_000);
  expect(builder().model.containers.map((each) => each.name)).toEqual([`slipway-docker-${job.id}-2`]);
});
