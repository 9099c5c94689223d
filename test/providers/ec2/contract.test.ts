import {aPool} from '../../builders/lifecycle';
import {describeProvider} from '../../contracts/provider';
import {OTHER_REGION, ROLE} from '../../emulators/aws/places';
import {openEc2World, SETTINGS} from './world';

const ELSEWHERE = {...SETTINGS, region: OTHER_REGION};

describe.each([
  {how: 'over HTTP', isDirect: false},
  {how: 'on the direct port', isDirect: true},
])('ec2 $how', ({how, isDirect}) => {
  describeProvider(`ec2 ${how}`, async () => {
    const {provider, changedTo, world, server, clock, alive, sent, close} = await openEc2World({isDirect});
    const disk = {device: '/dev/sda1', sizeGb: 50, type: 'gp3'};
    world.templates.splice(0, 1, {name: 'runner', id: 'lt-1', shutdownBehavior: 'terminate', disk});
    return {
      provider,
      identity: 'id',
      changed: () => changedTo([aPool({name: 'other', provider: ELSEWHERE})], ROLE),
      machines: () => alive().map(({name, place}) => ({name, place})),
      plantForeign: async (name) => world.add({name, deployment: 'another', isRunning: true}),
      keep: async (name) => {
        const instance = world.instances().find((one) => one.name === name);
        if (instance) instance.tags['slipway-keep'] = '';
      },
      choice: {
        options: {machine: 'm7g.xlarge', disk: 200},
        tooSmall: 49,
        sizes: () => sent('RunInstances').map((one) => Number(one['BlockDeviceMapping.1.Ebs.VolumeSize'])),
      },
      fail: () => server.fault({match: () => true, times: Number.POSITIVE_INFINITY, respond: 'reset'}),
      now: () => clock.now(),
      close,
    };
  });
});
