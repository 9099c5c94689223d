import type {Pool} from '../../../shared/model/pool';
import {createRun} from '../../../shared/providers/cloud-run/client/client';
import {type CloudRunSettings, cloudRun} from '../../../shared/providers/cloud-run/config';
import {isCloudRun} from '../../../shared/providers/cloud-run/job';
import {createCloudRunProvider} from '../../../shared/providers/cloud-run/provider';
import type {RunnerProvider} from '../../../shared/providers/provider';
import {createLogger} from '../../../shared/telemetry/create-logger';
import {aPool} from '../../builders/lifecycle';
import {directRun} from '../../emulators/run/direct';
import {RunWorld} from '../../emulators/run/model';
import type {Execution, Job} from '../../emulators/run/resources';
import {isFinished} from '../../emulators/run/resources';
import {RunServer} from '../../emulators/run/server';
import {VirtualScheduler} from '../../emulators/scheduler';
import {SeededRandom} from '../../emulators/seeded-random';

export const NAME = 'slipway-arm-7-1';
export const REGION = 'us-central1';

export interface CloudRunWorld {
  readonly world: RunWorld;
  readonly server: RunServer;
  readonly clock: VirtualScheduler;
  readonly provider: RunnerProvider;
  /** The provider of the same deployment after its pool was changed to this one. */
  changedTo(pool: Partial<Pool>): RunnerProvider;
  readonly job: Job;
  readonly log: string[];
  /** Executions that have neither ended nor are on their way there. */
  alive(): Execution[];
  close(): Promise<void>;
}

export interface CloudRunWorldOptions {
  readonly settings?: Partial<CloudRunSettings>;
  readonly job?: Partial<Job>;
  readonly startMs?: number;
  /** On the port that the simulation has, in place of Google's client. */
  readonly isDirect?: boolean;
}

/** The provider on the real client of Google and the HTTP server of the emulated Cloud Run, with a virtual clock. */
export async function openCloudRun(options: CloudRunWorldOptions = {}): Promise<CloudRunWorld> {
  const clock = new VirtualScheduler();
  const world = new RunWorld({
    ...{scheduler: clock, random: new SeededRandom(7)},
    ...(options.startMs === undefined ? {} : {startMs: options.startMs}),
  });
  const job = world.addJob({name: 'runner', ...options.job});
  const server = new RunServer(world);
  const emulator = await server.listen();
  const log: string[] = [];
  const settings = cloudRun.settings({type: 'cloud-run', job: 'runner'}, {region: REGION});
  const pool = aPool({jobMinutes: 120, provider: {...settings, ...options.settings}});
  const changedTo = (change: Partial<Pool>) =>
    createCloudRunProvider({
      run: options.isDirect ? directRun(server) : createRun(emulator),
      pools: [{...pool, ...change}].filter(isCloudRun),
      deployment: 'slipway',
      home: {project: 'world', region: REGION},
      clock,
      logger: createLogger({level: 'debug', destination: {write: (line) => log.push(line)}}),
    });
  return {
    ...{world, server, clock, provider: changedTo({}), changedTo, job, log},
    alive: () => world.executions().filter((one) => !isFinished(one) && one.state !== 'cancelling'),
    close: async () => {
      expect(server.violations).toEqual([]);
      await server.close();
    },
  };
}
