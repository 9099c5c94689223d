import {once} from 'node:events';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {hostToken} from '../../shared/host-token';
import {systemRandom} from '../../shared/random';
import {Secret} from '../../shared/secret';
import {createLogger} from '../../shared/telemetry/create-logger';
import {DockerEngine, IMAGE, missingForDocker} from '../emulators/docker/engine';
import {RealScheduler} from '../emulators/scheduler';
import {MANAGER_SECRET, type System, startSystem} from '../emulators/system';
import {describeIfPossible, describeWhen} from '../terraform/runner/describe-scripts';
import {HostAgent} from '../terraform/runner/host-agent';

const isRoot = process.getuid?.() === 0;
const describeHost = isRoot
  ? describeWhen(missingForDocker(), 'jobs on a real Docker Engine')
  : describeIfPossible('the Docker Engine wants root', 'jobs on a real Docker Engine');

describeHost('with the real agent and a real Docker Engine', () => {
  let engine: DockerEngine;
  let scheduler: RealScheduler;
  let system: System;
  let agent: HostAgent;
  let runners: Server;
  let lines: string[];
  let waiting: (() => void)[];

  beforeAll(async () => {
    engine = await DockerEngine.start();
  }, 60_000);
  afterAll(() => engine.stop(), 60_000);

  beforeEach(async () => {
    lines = [];
    waiting = [];
    scheduler = new RealScheduler();
    // Stands in for the runner's side of GitHub: a container that posts its JIT config is online until its job is over.
    runners = createServer(async (request, response) => {
      let jitConfig = '';
      for await (const chunk of request) jitConfig += chunk;
      const connection = system.github.connect(jitConfig);
      if (connection.kind === 'connected') connection.session.onEnd(() => response.end());
      else response.writeHead(403).end();
    });
    await once(runners.listen(0, '127.0.0.1'), 'listening');
    const {port} = runners.address() as AddressInfo;
    const run = `exec wget -q -O /dev/null --post-data "$ACTIONS_RUNNER_INPUT_JITCONFIG" http://127.0.0.1:${port}/$NAME`;
    const pool = {
      repos: ['acme/*'],
      requires: ['self-hosted', 'docker'],
      options: {cpus: 1, memory: '512m'},
      provider: {
        type: 'docker',
        hosts: ['builder'],
        image: IMAGE,
        command: ['sh', '-c', run],
        env: {NAME: '{runner_name}'},
        volumes: ['cache:/cache'],
        cpus: 0.5,
        memory: '256m',
      },
    };
    system = await startSystem({
      scheduler,
      random: systemRandom,
      logger: createLogger({level: 'debug', destination: {write: said}}),
      pools: JSON.stringify({hosts: [{name: 'builder', capacity: 2}], pools: [pool]}),
      repositories: ['acme/app'],
      bootMs: 0,
    });
    const token = hostToken(new Secret(MANAGER_SECRET), 'slipway', 'builder');
    agent = new HostAgent({url: system.urls.api, docker: engine.address, token, network: 'host'});
    agent.start();
  }, 60_000);

  afterEach(async () => {
    await agent.destroy();
    await system.close();
    scheduler.close();
    runners.closeAllConnections();
    runners.close();
  }, 60_000);

  function said(line: string): void {
    lines.push(line);
    for (const resume of waiting.splice(0)) resume();
  }

  /** Until it holds, asked at each line of the log: every sync writes one. */
  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (let seen = lines.length; !(await holds()); seen = lines.length) {
      if (seen === lines.length) await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  const isSeen = async () => (await system.store.get('hosts', 'builder'))?.seenAt != null;

  it('a job runs in a container of its own, from the signed webhook to the removed container', async () => {
    await until(isSeen);
    const since = Math.floor(Date.now() / 1000) - 1;
    const job = system.github.queueJob({repository: 'acme/app', labels: ['self-hosted', 'docker'], durationMs: 3_000});
    const name = `slipway-docker-${job.id}-1`;
    await until(() => job.status === 'in_progress');
    expect(job.runner?.name).toBe(name);
    expect(engine.containers('slipway-deployment=slipway')).toEqual([name]);
    expect(engine.docker('inspect', '--format', '{{.HostConfig.Binds}}', name)).toBe('[cache:/cache]');

    await engine.event((line) => line === `destroy ${name}`, since);
    await until(async () => (await system.store.get('runners', name))?.state === 'gone');
    expect(job).toMatchObject({status: 'completed', conclusion: 'success'});
    expect(engine.containers()).toEqual([]);
    expect(system.github.runners.all()).toEqual([]);
    expect(system.github.violations).toEqual([]);
    const held = await system.store.find('slots', {where: {}, limit: 10});
    expect(held.map(({data}) => data.holder)).toEqual(held.map(() => null));
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({status: 'completed', demand: 'none'});
  }, 120_000);

  it('a job has the processors and the memory that it has chosen, and one that chooses nothing those of its pool', async () => {
    await until(isSeen);
    const queue = (...options: string[]) =>
      system.github.queueJob({
        repository: 'acme/app',
        labels: ['self-hosted', 'docker', ...options],
        durationMs: 5_000,
      });
    const chosen = queue('cpus=0.75', 'memory=300m');
    const plain = queue();
    const tooMuch = queue('memory=513m');
    await until(() => [chosen, plain].every(({status}) => status === 'in_progress'));
    const limitsOf = ({id}: {readonly id: number}) =>
      engine.docker('inspect', '--format', '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}}', `slipway-docker-${id}-1`);
    expect(limitsOf(chosen)).toBe(`${0.75e9} ${300 * 1024 ** 2}`);
    expect(limitsOf(plain)).toBe(`${0.5e9} ${256 * 1024 ** 2}`);
    await until(() => [chosen, plain].every(({status}) => status === 'completed'));
    await until(async () => (await system.store.find('containers', {where: {open: true}, limit: 5})).length === 0);
    expect([chosen.conclusion, plain.conclusion, tooMuch.status]).toEqual(['success', 'success', 'queued']);
    expect(engine.containers()).toEqual([]);
  }, 120_000);

  it('jobs beyond the capacity wait for a container to end, and an agent that is killed meanwhile takes none with it', async () => {
    await until(isSeen);
    const jobs = [1, 2, 3].map(() =>
      system.github.queueJob({repository: 'acme/app', labels: ['self-hosted', 'docker'], durationMs: 6_000}),
    );
    await until(() => jobs.filter(({status}) => status === 'in_progress').length === 2);
    await agent.end('SIGKILL');
    expect(engine.containers('slipway-deployment=slipway')).toHaveLength(2);
    agent.start();
    await until(() => jobs.every(({status}) => status === 'completed'));
    await until(async () => (await system.store.find('containers', {where: {open: true}, limit: 5})).length === 0);
    expect(jobs.map(({conclusion}) => conclusion)).toEqual(['success', 'success', 'success']);
    expect(engine.containers()).toEqual([]);
  }, 120_000);
});
