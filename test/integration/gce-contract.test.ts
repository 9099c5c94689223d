import {describeProvider} from '../contracts/provider';
import {openGceWorld} from './gce-world';

describeProvider('gce over HTTP', async () => {
  const {provider, machines, plant, close} = await openGceWorld();
  return {
    provider,
    machines: () => machines().map(({name, zone}) => ({name, place: zone})),
    plantForeign: async () => ({place: plant({'slipway-deployment': 'another'}).zone}),
    close,
  };
});
