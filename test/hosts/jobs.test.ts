import {aDockerSystem, type DockerSystem} from '../builders/docker-host';
import {expectClean, MINUTE} from '../builders/system';
import {MANAGER_SECRET} from '../emulators/system';

let system: DockerSystem;
afterEach(() => system.close());

const [FIRST, SECOND] = [0, 1];
const host = (index = FIRST) => {
  const found = system.hosts[index];
  if (!found) throw new RangeError('no such host');
  return found;
};
const runnerOf = (job: {readonly id: number}, n = 1) => `slipway-docker-${job.id}-${n}`;
const isOver = () => system.jobs.every(({status}) => status === 'completed') && host().model.containers.length === 0;
const heldSlots = async () =>
  (await system.store.find('slots', {where: {}, limit: 100}))
    .filter(({data}) => data.holder !== null)
    .map(({id}) => id);

/** Everything that was made is gone, and nothing is counted any more. */
async function expectNothingLeft(): Promise<void> {
  await host().syncFor(20_000);
  expectClean(system);
  expect(system.hosts.flatMap(({killed}) => killed)).toEqual([]);
  expect(system.hosts.flatMap(({model}) => model.containers)).toEqual([]);
  expect(await heldSlots()).toEqual([]);
  expect(await system.store.find('containers', {where: {open: true}, limit: 10})).toEqual([]);
}

describe('a job of a pool of containers', () => {
  test('runs in a container that is made for it, and that is removed when it is over', async () => {
    system = await aDockerSystem({builder: 2});
    const job = system.queueDockerJob();
    await host().syncFor(5 * MINUTE, isOver);
    expect(job).toMatchObject({conclusion: 'success', runner: {name: runnerOf(job)}});
    expect(await system.store.get('runners', runnerOf(job))).toMatchObject({
      state: 'gone',
      slot: null,
      zone: 'builder',
    });
    await expectNothingLeft();
  });

  test('starts within seconds, and costs one call to GitHub', async () => {
    system = await aDockerSystem({builder: 2});
    const job = system.queueDockerJob();
    await host().syncFor(5 * MINUTE, isOver);
    expect((job.startedAtMs ?? Number.POSITIVE_INFINITY) - job.createdAtMs).toBeLessThan(10_000);
    const calls = system.github.requests.map(({operationId}) => operationId);
    expect(calls).toEqual(['apps/create-installation-access-token', 'actions/generate-runner-jitconfig-for-repo']);
    await expectNothingLeft();
  });

  test('has the settings of its pool, with every placeholder filled in', async () => {
    const env = {NAME: '{runner_name} on {hostname}', WHERE: '{scope_name} {repo_owner} {repo_name}', OF: '{labels}'};
    const provider = {
      env,
      cpus: 2,
      memory: '8g',
      pidsLimit: 4096,
      volumes: ['cache:/cache'],
      command: ['run', '{pool}'],
    };
    system = await aDockerSystem(
      {builder: 1},
      {provider, env: {runnerenv_FROM: '{orchestrator_id}', runnerenv_OF: 'no'}},
    );
    const job = system.queueDockerJob();
    await system.pass(1_000);
    const {start} = await host().sync();
    expect(start).toEqual([
      {
        name: runnerOf(job),
        image: 'ghcr.io/actions/actions-runner:2.338.0',
        command: ['run', 'docker'],
        env: {
          NAME: `${runnerOf(job)} on builder`,
          WHERE: 'acme/app acme app',
          OF: 'self-hosted,docker',
          FROM: 'slipway',
          ACTIONS_RUNNER_INPUT_JITCONFIG: expect.stringMatching(/^[\w=]{100,}$/),
          ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: '1',
        },
        cpus: 2,
        memory: '8g',
        pids_limit: 4096,
        volumes: ['cache:/cache'],
        privileged: false,
        // 5 minutes to boot, 10 idle, 360 to run, and ten more.
        timeout_seconds: 385 * 60,
      },
    ]);
    await host().syncFor(5 * MINUTE, isOver);
    await expectNothingLeft();
  });

  test('has the processors and the memory that it has chosen, within the bounds of its pool', async () => {
    system = await aDockerSystem(
      {builder: 1},
      {pool: {options: {cpus: 4, memory: '16g'}}, provider: {cpus: 2, memory: '8g'}},
    );
    const chosen = system.queueJob({labels: ['self-hosted', 'docker', 'cpus=3.5', 'memory=12g'], durationMs: MINUTE});
    const tooMany = system.queueJob({labels: ['self-hosted', 'docker', 'cpus=5'], durationMs: MINUTE});
    await system.pass(1_000);
    const {start} = await host().sync();
    expect(start).toMatchObject([{name: runnerOf(chosen), cpus: 3.5, memory: '12g'}]);
    await host().syncFor(5 * MINUTE, () => chosen.status === 'completed');
    expect([chosen.conclusion, tooMany.status]).toEqual(['success', 'queued']);
    expect(await system.store.get('jobs', `${tooMany.id}-1`)).toBeUndefined();
  });

  test('has its JIT config in one answer, and in no log line, task or document', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    const {start} = await host().sync();
    const probe = start[0]?.env['ACTIONS_RUNNER_INPUT_JITCONFIG']?.slice(40, 100) ?? '';
    expect((await host().sync()).start).toEqual([]);
    await host().syncFor(5 * MINUTE, isOver);
    const documents = await Promise.all(
      (['runners', 'containers', 'hosts', 'jobs', 'keys'] as const).map((name) =>
        system.store.find(name, {where: {}, limit: 100}),
      ),
    );
    const bodies = system.tasks.requests.map(({body}) => JSON.stringify(body));
    const tasks = bodies.map((text) => Buffer.from(/"body":"([^"]+)"/.exec(text)?.[1] ?? '', 'base64').toString());
    expect(probe).toHaveLength(60);
    expect(JSON.stringify([system.log, bodies, tasks, documents])).not.toContain(probe);
    expect(job.conclusion).toBe('success');
    await expectNothingLeft();
  });
});

test('fifty jobs at once never have more containers than the hosts have room, and all run', async () => {
  system = await aDockerSystem({builder: 3, other: 2}, {pool: {maxRunners: 50}});
  const jobs = Array.from({length: 50}, () => system.queueDockerJob(20_000));
  const most = [0, 0];
  for (let round = 0; round < 400 && jobs.some(({status}) => status !== 'completed'); round++) {
    for (const [index, {model}] of system.hosts.entries()) {
      await host(index).sync();
      most[index] = Math.max(most[index] ?? 0, model.containers.filter(({state}) => state !== 'exited').length);
    }
    await system.pass(2_000);
  }
  expect(jobs.map(({conclusion}) => conclusion)).toEqual(Array(50).fill('success'));
  expect(most).toEqual([3, 2]);
  await host(SECOND).syncFor(20_000);
  await expectNothingLeft();
});

test('the least busy host gets the next container', async () => {
  system = await aDockerSystem({builder: 4, other: 2});
  const places: unknown[] = [];
  for (let count = 0; count < 6; count++) {
    const job = system.queueDockerJob();
    await system.pass(1_000);
    places.push((await system.store.get('runners', runnerOf(job)))?.zone);
  }
  expect(places).toEqual(['builder', 'other', 'builder', 'builder', 'other', 'builder']);
  for (let round = 0; round < 60; round++) {
    for (const each of system.hosts) await each.sync();
    await system.pass(2_000);
  }
  await expectNothingLeft();
});

describe('a host that was not seen for three minutes', () => {
  test.each([
    [3 * MINUTE - 1, false],
    [3 * MINUTE, true],
  ])('after %i ms: silent is %s', async (ms, silent) => {
    system = await aDockerSystem({builder: 4});
    await system.pass(ms);
    const answer = await fetch(`${system.urls.api}hosts`, {headers: {'x-runner-secret': MANAGER_SECRET}});
    expect(await answer.json()).toMatchObject({hosts: [{name: 'builder', silent}]});
  });

  test('gets nothing new; its jobs go to another one', async () => {
    system = await aDockerSystem({builder: 4, other: 4});
    await host(SECOND).syncFor(4 * MINUTE);
    const job = system.queueDockerJob();
    await host(SECOND).syncFor(2 * MINUTE, () => job.status === 'completed');
    expect(job.conclusion).toBe('success');
    expect(await system.store.get('runners', runnerOf(job))).toMatchObject({zone: 'other'});
    await host(SECOND).syncFor(20_000);
    await expectNothingLeft();
  });

  test('gets what waited for it as soon as it calls again', async () => {
    system = await aDockerSystem({builder: 4});
    await system.pass(4 * MINUTE);
    const job = system.queueDockerJob();
    await system.pass(5 * MINUTE);
    expect(job.status).toBe('queued');
    await host().syncFor(30_000, () => job.status === 'in_progress');
    expect(job.status).toBe('in_progress');
    await host().syncFor(3 * MINUTE, isOver);
    await expectNothingLeft();
  });

  test('keeps its containers: what runs there runs on, and nothing is taken back', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob(20 * MINUTE);
    await host().syncFor(20_000, () => job.status === 'in_progress');
    await system.sweepFor(10 * MINUTE);
    expect(job.status).toBe('in_progress');
    await host().syncFor(15 * MINUTE, isOver);
    expect(job.conclusion).toBe('success');
    await expectNothingLeft();
  });
});

describe('a hand-over whose answer is lost', () => {
  test('is taken back after a minute, and the job runs under the next name', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    expect((await host().sync({answer: 'is lost'})).start).toHaveLength(1);
    await host().syncFor(5 * MINUTE, isOver);
    expect(job).toMatchObject({conclusion: 'success', runner: {name: runnerOf(job, 2)}});
    expect((job.startedAtMs ?? 0) - job.createdAtMs).toBeGreaterThan(MINUTE);
    expect(await system.store.get('runners', runnerOf(job))).toMatchObject({state: 'failed', slot: null});
    await expectNothingLeft();
  });

  test('of a host that is silent is not taken back: nobody knows', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    await host().sync({answer: 'is lost'});
    await system.pass(4 * MINUTE);
    expect(await system.store.get('containers', runnerOf(job))).toMatchObject({state: 'handed_over'});
    await host().syncFor(5 * MINUTE, isOver);
    expect(job.conclusion).toBe('success');
    await expectNothingLeft();
  });

  test('is asked to go when it is listed after all', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    const late = await host().sync({answer: 'is lost'});
    await host().syncFor(70_000, () => job.runner?.name === runnerOf(job, 2));
    host().model.obey({...late, remove: []});
    const orders = await host().sync();
    expect(orders.remove).toContain(runnerOf(job));
    await host().syncFor(5 * MINUTE, isOver);
    await expectNothingLeft();
  });
});

describe('a container that comes to nothing', () => {
  test('is a failed boot when it exits without a job; its job gets another one', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    host().model.obey(await host().sync({answer: 'is lost'}));
    host().model.exit(runnerOf(job), 1);
    await host().syncFor(2 * MINUTE, isOver);
    expect(job).toMatchObject({conclusion: 'success', runner: {name: runnerOf(job, 2)}});
    expect(await system.store.find('breakers', {where: {}, limit: 5})).toMatchObject([
      {data: {failures: 1, open: false}},
    ]);
    await expectNothingLeft();
  });

  test('opens the boot breaker of its image at once with exit code 7, in words that say what to do', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    host().model.obey(await host().sync({answer: 'is lost'}));
    host().model.exit(runnerOf(job), 7);
    await host().syncFor(20_000);
    const [breaker] = await system.store.find('breakers', {where: {open: true}, limit: 5});
    expect(breaker?.id).toMatch(/^boot\.docker\.ghcr\.io_actions/);
    expect(breaker?.data.reason).toMatch(
      /GitHub refuses the version of the runner in ghcr.io.*exit code 7; use a newer image/,
    );
    expect(job.status).toBe('queued');
    await host().syncFor(15 * MINUTE, isOver);
    expect(job.conclusion).toBe('success');
    await expectNothingLeft();
  });

  test('is a failed boot when the host cannot start it: exit code 125', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    host().model.plantForeign(runnerOf(job));
    await host().syncFor(2 * MINUTE, isOver);
    expect(job).toMatchObject({conclusion: 'success', runner: {name: runnerOf(job, 2)}});
    await expectNothingLeft();
  });

  test('is removed when it is created and not started for bootMinutes', async () => {
    system = await aDockerSystem({builder: 1}, {pool: {bootMinutes: 2}});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    host().model.obey(await host().sync({answer: 'is lost'}));
    for (let round = 0; round < 80 && host().model.containers.some(({name}) => name === runnerOf(job)); round++) {
      const {json} = await host().post(host().model.report());
      host().model.obey(json as never);
      await system.pass(2_000);
    }
    expect(system.scheduler.now() - job.createdAtMs).toBeGreaterThan(2 * MINUTE);
    expect(host().model.containers.map(({name}) => name)).not.toContain(runnerOf(job));
    await host().syncFor(3 * MINUTE, isOver);
    expect(job.conclusion).toBe('success');
    await expectNothingLeft();
  });
});

describe('GitHub', () => {
  test('that refuses the registration until a person changes something gives the job a dead letter, once', async () => {
    system = await aDockerSystem({builder: 1}, {pool: {repos: undefined, org: 'acme', runnerGroup: 'Missing'}});
    const job = system.queueDockerJob();
    await host().syncFor(2 * MINUTE);
    const letters = await system.store.find('deadletters', {where: {}, limit: 5});
    expect(letters).toMatchObject([{data: {job: `${job.id}-1`, count: 1, error: expect.stringContaining('Missing')}}]);
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({demand: 'dead'});
    expect(await heldSlots()).toEqual([]);
  });

  test('that has somebody else’s runner of the name keeps it: the job gets a container of the next name', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    const foreign = system.github.runners.registerPersistent(
      {kind: 'repository', owner: 'acme', repo: 'app'},
      {name: runnerOf(job), labels: ['self-hosted'], runnerGroupId: 1},
    );
    await host().syncFor(5 * MINUTE, isOver);
    expect(job).toMatchObject({conclusion: 'success', runner: {name: runnerOf(job, 2)}});
    await host().syncFor(20_000);
    expect(system.github.runners.all()).toEqual([foreign]);
    expect(await heldSlots()).toEqual([]);
  });

  test('that limits the rate is left alone until it lets calls through; nothing is handed over meanwhile', async () => {
    system = await aDockerSystem({builder: 3});
    const limited = {status: 429, headers: {'retry-after': '120'}, body: {message: 'secondary rate limit'}};
    system.github.fault({match: {path: /generate-jitconfig/}, respond: limited});
    const job = system.queueDockerJob();
    await host().syncFor(10 * MINUTE, isOver);
    expect(job.conclusion).toBe('success');
    await expectNothingLeft();
  });
});
