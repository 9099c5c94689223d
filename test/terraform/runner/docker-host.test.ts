import {once} from 'node:events';
import {mkdirSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {createServer, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {DockerEngine, IMAGE, missingForDocker} from '../../emulators/docker/engine';
import {findCommand, writeProgram} from './commands';
import {describeIfPossible, describeWhen} from './describe-scripts';
import {HostAgent} from './host-agent';
import {HostApi, type Sync} from './host-api';

const TOKEN = 'aG9zdC10b2tlbi1vZi1idWlsZGVy';
const LABEL = 'slipway-deployment=slipway';
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'];

const entry = (name: string, more: object = {}) => ({
  name,
  image: IMAGE,
  command: ['sh', '-c', 'exit 0'],
  env: {ACTIONS_RUNNER_INPUT_JITCONFIG: 'secret-jit-config'},
  cpus: null,
  memory: null,
  pids_limit: null,
  volumes: [],
  privileged: false,
  timeout_seconds: 3600,
  ...more,
});

const isRoot = process.getuid?.() === 0;
const describeHost = isRoot
  ? describeWhen(missingForDocker(), 'the tests of the Docker host')
  : describeIfPossible('the Docker Engine wants root', 'the tests of the Docker host');

describeHost('the agent of a Docker host', () => {
  let engine: DockerEngine;
  let api: HostApi;
  let agent: HostAgent;
  beforeAll(async () => {
    engine = await DockerEngine.start();
  }, 60_000);
  afterAll(() => engine.stop(), 60_000);
  beforeEach(async () => {
    api = await HostApi.start();
    agent = new HostAgent({url: api.url, docker: engine.address, token: TOKEN});
  });
  afterEach(async () => {
    await agent.destroy();
    await api.stop();
    const left = engine.containers();
    if (left.length > 0) engine.docker('rm', '--force', '--volumes', ...left);
  });

  it('reports nothing at first, with its token as a header, and is told its host’s name', async () => {
    agent.start();
    const sync = await api.sync(() => true);
    expect(sync).toMatchObject({host: 'builder', containers: [], headers: {'x-host-token': TOKEN}});
    expect(agent.readableByOthers()).not.toContain(TOKEN);
  });

  it('starts what it is asked for, with command, environment, limits, volume and labels, and reports it until it is asked to go', async () => {
    api.answer({
      start: [
        entry('slipway-docker-1-1', {
          command: ['sh', '-c', 'env; cat /cache/none; exit 3'],
          env: {
            RUNNER: 'one two',
            LINES: 'a\nb',
            PATH: '/bin',
            DOCKER_HOST: 'tcp://nowhere:1',
            EMPTY: '',
            HASH: '# "quoted" $HOME',
          },
          cpus: 0.5,
          memory: '64m',
          pids_limit: 50,
          volumes: ['cache:/cache'],
        }),
      ],
    });
    agent.start();
    const exited = await api.reports('slipway-docker-1-1', 'exited');
    expect(exited).toEqual({
      name: 'slipway-docker-1-1',
      state: 'exited',
      exit_code: 3,
      started_at: expect.stringMatching(/^20\d\d-.*Z$/),
      finished_at: expect.stringMatching(/^20\d\d-.*Z$/),
    });
    const log = engine.docker('logs', 'slipway-docker-1-1');
    expect(log.split('\n')).toEqual(
      expect.arrayContaining([
        'RUNNER=one two',
        'LINES=a',
        'b',
        'PATH=/bin',
        'DOCKER_HOST=tcp://nowhere:1',
        'EMPTY=',
        'HASH=# "quoted" $HOME',
      ]),
    );
    expect(log).not.toMatch(/SLIPWAY|TMPDIR/);
    const format =
      '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.Binds}} {{.HostConfig.Privileged}}';
    expect(engine.docker('inspect', '--format', format, 'slipway-docker-1-1')).toBe(
      '500000000 67108864 50 [cache:/cache] false',
    );
    expect(engine.containers(LABEL)).toEqual(['slipway-docker-1-1']);
    api.answer({remove: ['slipway-docker-1-1']});
    await api.sync(({containers}) => containers.length === 0);
    expect(engine.containers()).toEqual([]);
  });

  it('leaves alone what it did not make, also when the name is the same', async () => {
    engine.docker('create', '--name', 'slipway-docker-2-1', IMAGE, 'sh');
    engine.docker('create', '--name', 'other', '--label', 'slipway-deployment=second', IMAGE, 'sh');
    api.answer({start: [entry('slipway-docker-2-1')]});
    agent.start();
    expect(await api.reports('slipway-docker-2-1', 'exited')).toMatchObject({exit_code: 125});
    api.answer({remove: ['slipway-docker-2-1', 'other']});
    await api.sync(({containers}) => containers.length === 0);
    expect(engine.containers()).toEqual(['other', 'slipway-docker-2-1']);
    expect(agent.output).toContain('slipway-docker-2-1: not started: ');
    expect(agent.output).not.toContain('secret-jit-config');
  });

  it('starts each entry by itself: one that is refused holds up no other, and is reported until it is asked to go', async () => {
    api.answer({
      start: [
        entry('slipway-docker-3-1', {volumes: ['/etc:/etc']}),
        entry('slipway-docker-3-2', {image: '--privileged'}),
        {name: 7},
        entry('slipway-docker-3-3', {command: FOREVER}),
        entry('slipway-docker-3-4', {memory: 'much'}),
      ],
    });
    agent.start();
    await api.reports('slipway-docker-3-3', 'running');
    const failed = ['slipway-docker-3-1', 'slipway-docker-3-2', 'slipway-docker-3-4'];
    const {containers} = await api.sync(
      ({containers}) => containers.filter((one) => one.exit_code === 125).length === 3,
    );
    expect(containers.map(({name}) => name).sort()).toEqual([...failed, 'slipway-docker-3-3'].sort());
    api.answer({remove: failed});
    await api.sync(({containers}) => containers.length === 1);
    expect(engine.containers()).toEqual(['slipway-docker-3-3']);
  });

  it('goes on with all else while an image is pulled, and gives up the pull when it is asked to', async () => {
    const registry = createServer(() => undefined);
    await once(registry.listen(0, '127.0.0.1'), 'listening');
    const image = `127.0.0.1:${(registry.address() as AddressInfo).port}/never:1`;
    api.answer({start: [entry('slipway-docker-4-1', {image}), entry('slipway-docker-4-2')]});
    agent.start();
    await api.reports('slipway-docker-4-2', 'exited');
    await api.reports('slipway-docker-4-1', 'created');
    api.answer({remove: ['slipway-docker-4-1', 'slipway-docker-4-2']});
    await api.sync(({containers}) => containers.length === 0);
    registry.closeAllConnections();
    registry.close();
    expect(engine.containers()).toEqual([]);
  });

  it('kills what is over its time, also what an agent before it started', async () => {
    api.answer({start: [entry('slipway-docker-5-1', {command: FOREVER, timeout_seconds: 1})]});
    agent.start();
    expect(await api.reports('slipway-docker-5-1', 'exited')).toMatchObject({exit_code: 137});
    await agent.end('SIGKILL');
    const run = (name: string, seconds: number) =>
      engine.docker(
        'run',
        '--detach',
        '--name',
        name,
        '--label',
        LABEL,
        '--label',
        `slipway-timeout-seconds=${seconds}`,
        IMAGE,
        ...FOREVER,
      );
    run('slipway-docker-5-2', 0);
    run('slipway-docker-5-3', 3600);
    const before = api.syncs.length;
    agent.start();
    expect(await api.reports('slipway-docker-5-2', 'exited')).toMatchObject({exit_code: 137});
    expect(api.syncs.slice(before).at(-1)?.containers).toContainEqual(
      expect.objectContaining({name: 'slipway-docker-5-3', state: 'running', exit_code: null, finished_at: null}),
    );
  });

  it('starts what an agent that was killed had created only', async () => {
    engine.docker('create', '--name', 'slipway-docker-6-1', '--label', LABEL, IMAGE, ...FOREVER);
    agent.start();
    await api.reports('slipway-docker-6-1', 'running');
    expect(await agent.end()).toBe(0);
    expect(engine.docker('inspect', '--format', '{{.State.Running}}', 'slipway-docker-6-1')).toBe('true');
    expect(agent.processes()).toEqual([]);
  });

  it('touches no container while the API is away or answers nonsense, and goes on when it is back', async () => {
    const broken = [
      (_: Sync, response: ServerResponse) => void response.writeHead(500).end(),
      (_: Sync, response: ServerResponse) => void response.writeHead(200).end('<html>'),
      (_: Sync, response: ServerResponse) =>
        void response
          .writeHead(200, {'content-length': '4000'})
          .write('{"remove":["slipway-docker-7-1"],"start":[],', () => response.destroy()),
      (_: Sync, response: ServerResponse) => void response.writeHead(200).end('{"remove":"slipway-docker-7-1"}'),
    ];
    api.answer({start: [entry('slipway-docker-7-1', {command: FOREVER})]});
    agent.start({SLIPWAY_FIRST_PAUSE: '0.4'});
    await api.reports('slipway-docker-7-1', 'running');
    const before = api.syncs.length;
    api.answer(...broken);
    await api.sync(() => api.syncs.length >= before + broken.length + 2);
    expect(api.syncs.at(-1)?.containers).toMatchObject([{name: 'slipway-docker-7-1', state: 'running'}]);
    expect(agent.output).toContain(`${api.url} answered 500; tried again`);
    expect(agent.output).toContain('the API answers again');
  });

  it('holds the limit of processes', async () => {
    if (engine.docker('info', '--format', '{{.PidsLimit}}') !== 'true') {
      process.stderr.write('\nWARNING: this kernel limits no processes of a container; not tested.\n');
      return;
    }
    const forks = 'i=0; while [ $i -lt 40 ]; do sleep 30 & i=$((i+1)); done';
    api.answer({start: [entry('slipway-docker-8-1', {command: ['sh', '-c', forks], pids_limit: 10})]});
    agent.start();
    expect(await api.reports('slipway-docker-8-1', 'exited')).not.toMatchObject({exit_code: 0});
  });

  it('has neither the token nor a value of env on a command line', async () => {
    const path = join(agent.folder, 'path');
    mkdirSync(path);
    for (const command of ['docker', 'curl', 'jq', 'timeout'])
      writeProgram(
        join(path, command),
        `printf '%s\\n' "${command} $*" >>"$SLIPWAY_ROOT/calls"\nexec ${findCommand(command)} "$@"`,
      );
    api.answer({start: [entry('slipway-docker-9-1', {env: {JIT: 'a-secret\nof-two-lines', OTHER: 'another-secret'}})]});
    agent.start({PATH: `${path}:/usr/sbin:/usr/bin:/sbin:/bin`});
    await api.reports('slipway-docker-9-1', 'exited');
    const calls = readFileSync(join(agent.folder, 'calls'), 'utf8');
    expect(calls).toMatch(/^docker create .*--env JIT /m);
    expect(calls).toContain('curl --silent');
    for (const secret of [TOKEN, 'a-secret', 'of-two-lines', 'another-secret']) {
      expect(calls).not.toContain(secret);
      expect(agent.output).not.toContain(secret);
    }
    const state = readdirSync(join(agent.folder, 'tmp')).map(
      (name) => statSync(join(agent.folder, 'tmp', name)).mode & 0o777,
    );
    expect(state).toEqual([0o700]);
  });

  it.each([
    [{SLIPWAY_HOST: 'Not a name'}, 'found SLIPWAY_HOST=Not a name'],
    [{SLIPWAY_API_URL: 'example.com'}, 'found SLIPWAY_API_URL=example.com'],
    [{SLIPWAY_HOST_TOKEN_FILE: ''}, 'found neither SLIPWAY_HOST_TOKEN_FILE nor SLIPWAY_HOST_TOKEN'],
  ])('ends with a reason when its settings are wrong: %p', async (environment, reason) => {
    agent.start(environment);
    expect(await agent.ended()).toBe(1);
    expect(agent.output).toContain(reason);
  });
});
