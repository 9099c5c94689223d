import type {SweepSummary} from '../../shared/model/sweep';
import type {SweepReport} from '../../shared/sweep/sweep';
import {createLogger} from '../../shared/telemetry/create-logger';
import {drive} from '../emulators/drive';
import type {Job} from '../emulators/github/job';
import {runMachines} from '../emulators/run/machine-world';
import {VirtualScheduler} from '../emulators/scheduler';
import {SeededRandom} from '../emulators/seeded-random';
import {type System, type SystemOptions, startSystem} from '../emulators/system';

export const MINUTE = 60_000;

export const POOLS = `
pools:
  - name: arm
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    maxRunners: 5
    idleMinutes: 10
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a, us-central1-b, us-central1-f]}
  - name: spot
    repos: ["acme/*"]
    requires: [self-hosted, gpu]
    provider: {type: gce, template: runner-gpu, zones: [us-central1-a, us-central1-b], spot: prefer}
`;

export interface TestSystem extends System {
  readonly scheduler: VirtualScheduler;
  /** JSON lines, as they were logged. */
  readonly log: string[];
  queueJob(job?: {labels?: string[]; durationMs?: number; repository?: string}): Readonly<Job>;
  /** Lets the virtual time pass. */
  pass(ms: number, until?: () => boolean): Promise<void>;
  /** Lets the time pass until every job is over and every machine is gone; fails after `limitMs`. */
  finish(limitMs?: number): Promise<void>;
  readonly jobs: readonly Readonly<Job>[];
  /** One sweep, at this moment. */
  sweep(query?: string): Promise<SweepReport & SweepSummary>;
  /** Sweeps every so many minutes while the time passes. */
  sweepFor(ms: number, everyMs?: number): Promise<void>;
}

/** The whole system on a virtual clock; tasks run when the time passes. */
export async function aSystem(options: Partial<SystemOptions> & {seed?: number} = {}): Promise<TestSystem> {
  const scheduler = new VirtualScheduler();
  const log: string[] = [];
  const system = await startSystem({
    scheduler,
    random: new SeededRandom(options.seed ?? 1),
    logger: createLogger({level: 'debug', destination: {write: (line) => log.push(line)}}),
    pools: POOLS,
    repositories: ['acme/app', 'acme/web'],
    bootMs: 15_000,
    autoDispatch: false,
    ...options,
  });
  for (const name of ['runner-arm64', 'runner-gpu']) {
    system.compute.addTemplate({
      name,
      properties: {
        machineType: 't2a-standard-4',
        metadata: {items: [{key: 'startup-script', value: '#!/bin/bash\n/opt/runner/start'}]},
        labels: {team: 'platform'},
        scheduling: {automaticRestart: true, onHostMaintenance: 'MIGRATE'},
      },
    });
  }
  const machines = () => [
    ...system.compute.instances(),
    ...runMachines(system.run).machines(),
    ...(system.aws?.world.machines() ?? []),
  ];
  const jobs: Readonly<Job>[] = [];
  const pass = (forMs: number, until?: () => boolean) => drive(system, scheduler, {forMs, ...(until ? {until} : {})});
  return {
    ...system,
    scheduler,
    log,
    jobs,
    pass,
    async sweep(query = '') {
      const {status, body} = await system.sweeper.trigger(query);
      if (status !== 200 && status !== 202) throw new Error(`the sweep answered ${status}: ${JSON.stringify(body)}`);
      return body as unknown as SweepReport & SweepSummary;
    },
    async sweepFor(ms, everyMs = MINUTE) {
      system.sweeper.every(everyMs / 1000);
      await pass(ms);
      system.sweeper.every(0);
    },
    queueJob({labels = ['self-hosted', 'linux'], durationMs = 2 * MINUTE, repository = 'acme/app'} = {}) {
      const job = system.github.queueJob({repository, labels, durationMs});
      jobs.push(job);
      return job;
    },
    async finish(limitMs = 60 * MINUTE) {
      const over = () => jobs.every(({status}) => status === 'completed') && machines().length === 0;
      await pass(limitMs, over);
      if (!over()) {
        const left = [
          ...jobs.filter(({status}) => status !== 'completed').map(({id, status}) => `job ${id} ${status}`),
          ...machines().map(({name, status}) => `${name} ${status}`),
        ];
        throw new Error(`not over after ${limitMs / MINUTE} minutes: ${left.join(', ')}`);
      }
    },
  };
}

/** What must be true after every test: nothing is left over, nothing broken was said, nobody was killed. */
export function expectClean(system: TestSystem): void {
  expect(system.killed).toEqual([]);
  expect(system.github.violations).toEqual([]);
  expect(system.computeServer.violations).toEqual([]);
  expect(system.runServer.violations).toEqual([]);
  expect(system.aws?.server.violations ?? []).toEqual([]);
  expect(system.aws?.world.machines() ?? []).toEqual([]);
  expect(system.compute.instances()).toEqual([]);
  expect(runMachines(system.run).machines()).toEqual([]);
  expect(system.github.runners.all()).toEqual([]);
}
