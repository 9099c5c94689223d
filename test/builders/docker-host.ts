import {hostToken} from '../../shared/host-token';
import {Secret} from '../../shared/secret';
import {HostModel, type ModelOrders} from '../emulators/docker/host-model';
import type {Job} from '../emulators/github/job';
import type {RunnerSession} from '../emulators/github/registration';
import {MANAGER_SECRET, type SystemOptions} from '../emulators/system';
import {aSystem, type TestSystem} from './system';

export const IMAGE = 'ghcr.io/actions/actions-runner:2.338.0';

/** Pools on Docker hosts. `hosts`: capacities by name. */
export function dockerPools(hosts: Readonly<Record<string, number>>, more: object = {}, provider: object = {}): string {
  return JSON.stringify({
    hosts: Object.entries(hosts).map(([name, capacity]) => ({name, capacity})),
    pools: [
      {
        name: 'docker',
        repos: ['acme/*'],
        requires: ['self-hosted', 'docker'],
        provider: {type: 'docker', hosts: Object.keys(hosts), image: IMAGE, command: ['./run.sh'], ...provider},
        ...more,
      },
    ],
  });
}

/** A modelled host of the system, whose containers connect to its GitHub with the JIT config that they were given. */
export class DockerHost {
  readonly model: HostModel;
  /** Jobs that ran in a container that was taken away. */
  readonly killed: Readonly<Job>[] = [];
  readonly #sessions = new Map<string, RunnerSession>();

  constructor(
    private readonly system: TestSystem,
    readonly name: string,
    private readonly deployment = 'slipway',
  ) {
    this.model = new HostModel({
      now: () => system.scheduler.now(),
      onRunning: ({name: container, env}) => this.#connect(container, env['ACTIONS_RUNNER_INPUT_JITCONFIG'] ?? ''),
      onKilled: (container) => this.#disconnect(container),
    });
  }

  /** The request alone, with whatever body and token. */
  async post(body: unknown, token?: string): Promise<{readonly status: number; readonly json: unknown}> {
    const response = await fetch(`${this.system.urls.api}hosts/${this.name}/sync`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-host-token': token ?? hostToken(new Secret(MANAGER_SECRET), this.deployment, this.name),
      },
      body: JSON.stringify(body),
    });
    return {status: response.status, json: await response.json()};
  }

  /** One sync: the model does what it is told, and what it created runs at once. */
  async sync({answer = 'arrives'}: {readonly answer?: 'arrives' | 'is lost'} = {}): Promise<ModelOrders> {
    const {status, json} = await this.post(this.model.report());
    if (status !== 200) throw new Error(`the API answered ${status}: ${JSON.stringify(json)}`);
    const orders = json as ModelOrders;
    if (answer === 'arrives') {
      this.model.obey(orders);
      this.model.run();
    }
    return orders;
  }

  /** Syncs every so many seconds while the time passes, until `until` says that it is enough. */
  async syncFor(ms: number, until: () => boolean = () => false, everyMs = 2_000): Promise<void> {
    for (let passed = 0; passed < ms && !until(); passed += everyMs) {
      await this.sync();
      await this.system.pass(everyMs, until);
    }
    await this.sync();
  }

  #connect(name: string, jitConfig: string): void {
    const connection = this.system.github.connect(jitConfig);
    if (connection.kind !== 'connected') {
      this.model.exit(name, 1);
      return;
    }
    this.#sessions.set(name, connection.session);
    connection.session.onEnd(() => this.model.exit(name, 0));
  }

  #disconnect(name: string): void {
    const session = this.#sessions.get(name);
    if (!session?.live) return;
    const {job} = session.runner;
    if (job?.status === 'in_progress') this.killed.push(job);
    session.disconnect();
  }
}

export interface DockerSystem extends TestSystem {
  readonly hosts: readonly DockerHost[];
  queueDockerJob(durationMs?: number): Readonly<Job>;
}

/** A system with modelled Docker hosts that have called once. */
export async function aDockerSystem(
  capacities: Readonly<Record<string, number>>,
  options: Partial<SystemOptions> & {readonly pool?: object; readonly provider?: object} = {},
): Promise<DockerSystem> {
  const {pool, provider, ...rest} = options;
  const system = await aSystem({pools: dockerPools(capacities, pool, provider), ...rest});
  const hosts = Object.keys(capacities).map((name) => new DockerHost(system, name));
  for (const host of hosts) await host.sync();
  return {
    ...system,
    hosts,
    queueDockerJob: (durationMs = 60_000) => system.queueJob({labels: ['self-hosted', 'docker'], durationMs}),
  };
}
