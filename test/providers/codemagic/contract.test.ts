import {describeProvider} from '../../contracts/provider';
import {OTHER_APP, OTHER_TEAM} from '../../emulators/codemagic/world';
import {codemagicPool, openCodemagic} from './world';

// Whether lists tell the labels of builds is not documented.
describe.each([{leavesLabelsOut: false}, {leavesLabelsOut: true}])(
  'lists without labels: $leavesLabelsOut',
  (options) => {
    describeProvider('CodeMagic', async () => {
      const {provider, changedTo, world, server, scheduler, close} = await openCodemagic(options);
      return {
        provider,
        identity: 'id',
        changed: () => changedTo([codemagicPool({app: OTHER_APP, team: OTHER_TEAM}, 'other')]),
        machines: () => world.machines().map(({name, place}) => ({name, place})),
        plantForeign: async (name) => world.add({name, deployment: 'another', isRunning: true}),
        keep: async (name) => world.keep(name),
        fail: () => server.fault({times: Number.POSITIVE_INFINITY, respond: {status: 503}}),
        now: () => scheduler.now(),
        async close() {
          await close();
          expect(server.violations).toEqual([]);
        },
      };
    });
  },
);
