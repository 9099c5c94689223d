import {describeProvider} from '../../contracts/provider';
import {bootDiskGb, openGceWorld, SIZED} from './world';

describe.each([
  {how: 'over HTTP', isDirect: false},
  {how: 'on the direct port', isDirect: true},
])('gce $how', ({how, isDirect}) => {
  describeProvider(`gce ${how}`, async () => {
    const {provider, changedTo, world, server, clock, machines, plant, close} = await openGceWorld({
      isDirect,
      templates: [SIZED],
    });
    return {
      provider,
      identity: 'name',
      changed: () =>
        changedTo({name: 'other', provider: {template: 'runner', zones: ['europe-west1-b'], spot: 'never'}}),
      machines: () => machines().map(({name, zone}) => ({name, place: zone})),
      plantForeign: async (name) => ({place: plant({'slipway-deployment': 'another'}, name).zone}),
      keep: async (name) => {
        const instance = world.instances().find((one) => one.name === name);
        if (instance) instance.labels = {...instance.labels, 'slipway-keep': ''};
      },
      choice: {
        options: {machine: 'n2-standard-8', disk: 200},
        tooSmall: 49,
        sizes: () => machines().map(({properties}) => bootDiskGb(properties)),
      },
      fail: () => server.fault({match: () => true, times: Number.POSITIVE_INFINITY, respond: 'reset'}),
      now: () => clock.now(),
      close,
    };
  });
});
