import {parseConfig} from '../../shared/config/config';
import type {VmDocument} from '../../shared/model/vm';
import {createCloudTasks} from '../../shared/tasks/cloud-tasks';
import type {Instance} from '../emulators/compute/resources';
import type {Registration} from '../emulators/github/registration';
import {aSystem, MINUTE, type TestSystem} from './system';
import {signTask} from './tasks';

export const VM = 'github-runner-gpu';
export const ZONE = 'asia-northeast1-a';

/** The older flat form, as people have it. */
export const FLAT = JSON.stringify([
  {repo: 'acme/app', labels: ['self-hosted', 'gpu'], vm_instance_name: VM, vm_instance_zone: ZONE},
]);

export interface VmSystem extends TestSystem {
  readonly vm: Instance;
  readonly runner: Registration;
  /** Name of its first pool. */
  readonly pool: string;
  document(): Promise<VmDocument | undefined>;
  /** Accepted power actions, in order: `start`, `stop`. */
  powerActions(): string[];
  /** Decisions of the log lines, in order. */
  decisions(): string[];
  queueGpuJob(durationMs?: number): ReturnType<TestSystem['queueJob']>;
  /** Has the VM looked at, as the task of a stop that was planned at its present activity does. */
  look(reading: number): Promise<void>;
  /** Calls `action` in the moment in which Compute Engine has accepted the VM's stop, once. */
  whenStopping(action: () => void): void;
  /** Lets the time pass until every job is over and the VM down. */
  untilDown(limitMs?: number): Promise<void>;
}

/** The system with one persistent VM, stopped, whose runner config.sh registered. */
export async function aVmSystem(options: Parameters<typeof aSystem>[0] = {}): Promise<VmSystem> {
  const system = await aSystem({pools: FLAT, env: {VM_INACTIVE_MINUTES: '10'}, ...options});
  const vm = system.compute.addInstance({name: VM, zone: ZONE});
  const runner = system.github.runners.registerPersistent(
    {kind: 'repository', owner: 'acme', repo: 'app'},
    {name: VM, labels: ['self-hosted', 'linux', 'x64', 'gpu'], runnerGroupId: 1},
  );
  const config = parseConfig(system.env, 'stop');
  return {
    ...system,
    vm,
    runner,
    pool: config.pools[0]?.name ?? '',
    document: () => system.store.get('vms', `${ZONE}.${VM}`),
    powerActions: () =>
      system.computeServer.requests.flatMap(({method, path}) =>
        method === 'POST' ? (/\/(start|stop|resume|reset)$/.exec(path)?.[1] ?? []) : [],
      ),
    decisions: () => system.log.map((line) => String((JSON.parse(line) as {decision?: string}).decision)),
    queueGpuJob: (durationMs = 2 * MINUTE) => system.queueJob({labels: ['self-hosted', 'gpu'], durationMs}),
    async look(reading) {
      const {tasks: emulator} = config.emulators;
      const tasks = createCloudTasks({
        queues: config.queues,
        urls: config.urls,
        serviceAccount: config.tasksServiceAccount,
        clock: system.scheduler,
        ...(emulator ? {emulator} : {}),
      });
      const id = `${ZONE}.${VM}`;
      const version = (await system.store.get('vms', id))?.version ?? 0;
      const name = `look-${reading}`;
      const body = {kind: 'vm', vm: id, version, reading};
      const signature = signTask(name, JSON.stringify(body), system.env['TASK_SIGNING_KEY'] ?? '');
      await tasks.enqueue({queue: 'stop', name, body, headers: {'X-Slipway-Signature': signature}});
      await system.pass(1_000);
    },
    whenStopping(action) {
      let met = false;
      system.compute.observe(({kind}) => {
        if (kind !== 'stopping' || met) return;
        met = true;
        action();
      });
    },
    async untilDown(limitMs = 60 * MINUTE) {
      const over = () => vm.status === 'TERMINATED' && system.jobs.every(({status}) => status === 'completed');
      await system.pass(limitMs, over);
      if (!over())
        throw new Error(`after ${limitMs / MINUTE} minutes ${vm.name} is ${vm.status}, or a job is not over`);
    },
  };
}

/** What must be true after every test: nobody was killed, nothing broken was said. */
export function expectUnharmed(system: VmSystem): void {
  expect(system.killed).toEqual([]);
  expect(system.github.violations).toEqual([]);
  expect(system.computeServer.violations).toEqual([]);
}
