import {Unavailable} from '../../../shared/errors';
import {createContainerHosts} from '../../../shared/hosts/containers';
import {syncHost} from '../../../shared/hosts/sync';
import {type DockerPool, type Host, isDocker} from '../../../shared/model/host';
import type {Context} from '../../../shared/ports';
import {createDockerProvider} from '../../../shared/providers/docker/provider';
import type {RunnerProvider} from '../../../shared/providers/provider';
import {createMemoryStore} from '../../../shared/store/memory';
import type {Store} from '../../../shared/store/store';
import {createLogger} from '../../../shared/telemetry/create-logger';
import {aJob, aPool, aRunner} from '../../builders/lifecycle';
import {describeProvider} from '../../contracts/provider';
import {HostModel} from '../../emulators/docker/host-model';
import {directGitHub} from '../../emulators/github/direct';
import {GitHubWorld} from '../../emulators/github/model';
import {VirtualScheduler} from '../../emulators/scheduler';
import {SeededRandom} from '../../emulators/seeded-random';

const HOSTS: readonly Host[] = [
  {name: 'builder', capacity: 3, idleMinutes: 10},
  {name: 'other', capacity: 3, idleMinutes: 10},
];

const POOL = aPool({
  provider: {
    type: 'docker',
    hosts: ['builder', 'other'],
    image: 'runner:1',
    template: 'runner:1',
    registration: 'jit',
    env: {},
    volumes: [],
    privileged: false,
  },
} as object) as DockerPool;

describeProvider('Docker hosts', async () => {
  const scheduler = new VirtualScheduler();
  const random = new SeededRandom(1);
  const github = new GitHubWorld({scheduler, random, authClock: scheduler});
  github.addRepository('acme/app', {visibility: 'private'});
  let isUp = true;
  const memory = createMemoryStore({clock: scheduler});
  const store = new Proxy(memory, {
    get: (target, key, receiver) =>
      isUp ? Reflect.get(target, key, receiver) : () => Promise.reject(new Unavailable('the store does not answer', 5)),
  }) as Store;
  const hostContext = {
    deployment: 'slipway',
    pools: [POOL],
    hosts: HOSTS,
    store,
    clock: scheduler,
    random,
    tasks: {enqueue: async () => 'created', check: async () => []},
    logger: createLogger({level: 'error', destination: {write: () => undefined}}),
  } as unknown as Context;
  const hosts = createContainerHosts(hostContext);
  const real = createDockerProvider({hosts, pools: [POOL].filter(isDocker)});
  const context = {
    ...hostContext,
    github: directGitHub(github),
    provider: () => real,
    providers: () => [{type: 'docker', provider: real}],
  } as unknown as Context;
  const models = new Map(HOSTS.map(({name}) => [name, new HostModel({now: () => scheduler.now()})]));

  const sync = async () => {
    for (const host of HOSTS) {
      const model = models.get(host.name);
      if (!model) continue;
      const {agent, containers} = model.report();
      const report = containers.map(({name, state, exit_code, started_at, finished_at}) => ({
        name,
        state,
        exitCode: exit_code,
        startedAt: started_at === null ? null : Date.parse(started_at),
        finishedAt: finished_at === null ? null : Date.parse(finished_at),
      }));
      model.obey(await syncHost(context, host, {agent, containers: report}));
      model.run();
    }
  };
  await sync();

  // What the core does around a creation: the runner is on record, and the host calls.
  const around = (own: RunnerProvider): RunnerProvider => ({
    ...own,
    async create(request) {
      const runner = aRunner(aJob(), {name: request.name, state: 'creating', provider: 'docker'});
      await store.transaction(async (transaction) => transaction.set('runners', request.name, runner));
      const outcome = await own.create(request);
      if (outcome.kind === 'created') for (let times = 0; times < 2; times++) await sync();
      return outcome;
    },
    async delete(machine) {
      const result = await own.delete(machine);
      await sync();
      return result;
    },
  });
  return {
    provider: around(real),
    identity: 'name',
    changed: () => {
      const left = createContainerHosts({...hostContext, pools: [], hosts: []});
      return around(createDockerProvider({hosts: left, pools: []}));
    },
    machines: () =>
      [...models].flatMap(([place, model]) => [
        ...model.containers.map(({name}) => ({name, place})),
        ...model.foreign.map((name) => ({name, place})),
      ]),
    plantForeign: async (name) => {
      models.get('builder')?.plantForeign(name);
      return {place: 'builder'};
    },
    fail: () => {
      isUp = false;
    },
    now: () => scheduler.now(),
    close: async () => undefined,
  };
});
