import type {Run} from '../../shared/providers/cloud-run/client/run';
import {CLOUD_RUN} from '../../shared/providers/cloud-run/config';
import {createCloudRunProvider, isCloudRun} from '../../shared/providers/cloud-run/provider';
import type {ProviderTypes} from '../../shared/providers/registry';
import {RunApi} from '../emulators/run/api';
import {directRun} from '../emulators/run/direct';
import {RunWorld} from '../emulators/run/model';
import type {Scheduler} from '../emulators/scheduler';
import type {SeededRandom} from '../emulators/seeded-random';
import type {FaultyPorts} from './faulty-ports';
import {RUN_JOB} from './pools';

/** Cloud Run in a simulated world. `providers`: the real provider, on a port with the faults of the scenario. */
export function simulateRun(scheduler: Scheduler, random: SeededRandom) {
  const world = new RunWorld({scheduler, random});
  world.addJob(RUN_JOB);
  world.deletesRunning = false;
  const api = new RunApi(world);
  return {
    world,
    providers: (ports: FaultyPorts) => over(ports.run(directRun(api), api)),
    undisturbed: over(directRun(api)),
  };
}

function over(run: Run): ProviderTypes {
  return {
    [CLOUD_RUN]: ({config, clock, logger}) =>
      createCloudRunProvider({
        ...{run, pools: config.pools.filter(isCloudRun), deployment: config.deployment},
        ...{home: {project: 'world', region: RUN_JOB.region}, clock, logger},
      }),
  };
}
