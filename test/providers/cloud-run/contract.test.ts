import {cloudRun} from '../../../shared/providers/cloud-run/config';
import {describeProvider} from '../../contracts/provider';
import {machineOf, runMachines} from '../../emulators/run/machine-world';
import {openCloudRun, REGION} from './world';

describe.each([
  {how: 'over HTTP', isDirect: false},
  {how: 'on the direct port', isDirect: true},
])('cloud-run $how', ({how, isDirect}) => {
  describeProvider(`cloud-run ${how}`, async () => {
    const {provider, changedTo, world, server, clock, alive, close} = await openCloudRun({isDirect, startMs: 0});
    world.addJob({name: 'other'});
    const settings = cloudRun.settings({type: 'cloud-run', job: 'other'}, {region: REGION});
    return {
      provider,
      identity: 'id',
      changed: () => changedTo({name: 'other', provider: settings}),
      machines: () => alive().map((one) => ({name: machineOf(one).name, place: one.job.region})),
      plantForeign: async (name) => runMachines(world).add({name, deployment: 'another', isRunning: true}),
      keep: async (name) => {
        for (const one of world.executions()) if (machineOf(one).name === name) one.labels = {'slipway-keep': ''};
      },
      fail: () => server.fault({match: () => true, times: Number.POSITIVE_INFINITY, respond: 'reset'}),
      now: () => clock.now(),
      close,
    };
  });
});
