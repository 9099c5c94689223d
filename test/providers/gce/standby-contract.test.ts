import {describeStandby} from '../../contracts/standby';
import type {ComputeRequest} from '../../emulators/compute/request';
import {openGceWorld, TEMPLATE} from './world';

const CHANGES = /\/instances\/[^/]+\/(?:start|resume|setMetadata)$/;

describe.each([
  {how: 'over HTTP', isDirect: false},
  {how: 'on the direct port', isDirect: true},
])('gce $how', ({how, isDirect}) => {
  describeStandby(`standby machines of gce ${how}`, async () => {
    const {provider, world, server, clock, plant, close} = await openGceWorld({isDirect});
    const instanceOf = (name: string) => {
      const found = world.instances().find((one) => one.name === name);
      if (!found) throw new Error(`found no VM ${name}`);
      return found;
    };
    return {
      provider,
      prepares(name) {
        const instance = instanceOf(name);
        world.tell(instance, 'slipway/standby', 'ready');
        const isStopped = instance.metadata.some(({key, value}) => key === 'slipway-standby' && value === 'stopped');
        if (isStopped) world.powerOff(instance);
      },
      diesUnprepared: (name) => world.powerOff(instanceOf(name)),
      settle: async () => clock.advance(60_000),
      stockOut: () => {
        for (const zone of world.catalog.zones) world.setCapacity({zone}, 0);
      },
      loseAnswers() {
        const lost = new Set<string>();
        const match = ({path}: ComputeRequest) => CHANGES.test(path) && !lost.has(path) && Boolean(lost.add(path));
        server.fault({match, times: 2, respond: 'lost'});
      },
      jitConfigOf: (name) => instanceOf(name).metadata.find(({key}) => key === 'slipway-jit-config')?.value,
      running: () => world.instances().flatMap(({name, status}) => (status === 'RUNNING' ? [name] : [])),
      changeTemplate() {
        const disks = [{boot: true, initializeParams: {sourceImage: 'global/images/newer'}, diskSizeGb: '40'}];
        world.templates[0] = {...TEMPLATE, properties: {...TEMPLATE.properties, disks}};
        clock.advance(10 * 60_000);
      },
      plantForeign: async (name) => ({place: plant({'slipway-deployment': 'another'}, name).zone}),
      close,
    };
  });
});
