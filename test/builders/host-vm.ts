import {hostToken} from '../../shared/host-token';
import type {VmDocument} from '../../shared/model/vm';
import {Secret} from '../../shared/secret';
import type {Instance} from '../emulators/compute/resources';
import {MANAGER_SECRET, type SystemOptions} from '../emulators/system';
import {DockerHost, IMAGE} from './docker-host';
import {aSystem, type TestSystem} from './system';

export const VM_ZONE = 'us-central1-a';

/** Time from a VM that runs to the first call of the agent on it. */
const AGENT_BOOTS_MS = 30_000;

/** A host that is a VM at the emulated Compute Engine: its agent calls while the VM runs, and its containers end with the VM. */
export class VmHost extends DockerHost {
  /** Whether the agent starts with the VM. */
  works = true;
  #upSince: number | undefined;

  constructor(
    private readonly world: TestSystem,
    name: string,
    readonly vm: Instance,
  ) {
    super(world, name);
  }

  /** Calls if the VM has been up for long enough. */
  async live(): Promise<void> {
    const now = this.world.scheduler.now();
    if (this.vm.status !== 'RUNNING') {
      if (this.vm.status === 'TERMINATED') for (const {name} of this.model.containers) this.model.lose(name);
      this.#upSince = undefined;
      return;
    }
    this.#upSince ??= now;
    if (this.works && now - this.#upSince >= AGENT_BOOTS_MS) await this.sync();
  }

  get document(): Promise<VmDocument | undefined> {
    return this.world.store.get('vms', `${VM_ZONE}.${this.name}`);
  }

  /** A call that an agent makes while its VM goes down. */
  lastCall(): Promise<{readonly status: number; readonly json: unknown}> {
    return this.post(this.model.report(), hostToken(new Secret(MANAGER_SECRET), 'slipway', this.name));
  }
}

export interface HostVmSystem extends TestSystem {
  readonly hosts: readonly VmHost[];
  queueDockerJob(durationMs?: number): ReturnType<TestSystem['queueJob']>;
  /** Lets the time pass; agents call every two seconds, and the sweep runs every minute if it is asked to. */
  live(ms: number, until?: () => boolean, sweeps?: boolean): Promise<void>;
  /** Accepted power actions, in order: `start builder`. */
  powerActions(): string[];
}

/** Hosts that are VMs, all of them stopped. `capacities`: by name, which is the name of the VM too. */
export async function aHostVmSystem(
  capacities: Readonly<Record<string, number>>,
  {pool, ...options}: Partial<SystemOptions> & {readonly pool?: object} = {},
): Promise<HostVmSystem> {
  const names = Object.keys(capacities);
  const pools = JSON.stringify({
    hosts: Object.entries(capacities).map(([name, capacity]) => ({
      name,
      capacity,
      vm: {instance: name, zone: VM_ZONE},
      idleMinutes: 10,
    })),
    pools: [
      {
        name: 'docker',
        repos: ['acme/*'],
        requires: ['self-hosted', 'docker'],
        bootMinutes: 5,
        provider: {type: 'docker', hosts: names, image: IMAGE},
        ...pool,
      },
    ],
  });
  // What boots in the VM is the agent, and no runner.
  const system = await aSystem({pools, failsToBoot: () => true, ...options});
  const hosts = names.map((name) => new VmHost(system, name, system.compute.addInstance({name, zone: VM_ZONE})));
  return {
    ...system,
    hosts,
    queueDockerJob: (durationMs = 60_000) => system.queueJob({labels: ['self-hosted', 'docker'], durationMs}),
    async live(ms, until = () => false, sweeps = false) {
      for (let passed = 0; passed < ms && !until(); passed += 2_000) {
        if (sweeps && passed % 60_000 === 0) await system.sweep();
        for (const host of hosts) await host.live();
        await system.pass(2_000, until);
      }
    },
    powerActions: () =>
      system.computeServer.requests.flatMap(({method, path}) => {
        const [, name, action] = /instances\/([^/]+)\/(start|stop|resume)$/.exec(path) ?? [];
        return method === 'POST' && name && action ? [`${action} ${name}`] : [];
      }),
  };
}
