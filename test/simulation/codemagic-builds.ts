import type {CodemagicPool} from '../../shared/providers/codemagic/config';
import {createCodemagicProvider} from '../../shared/providers/codemagic/provider';
import type {ProviderTypes} from '../../shared/providers/registry';
import {CodemagicApi} from '../emulators/codemagic/api';
import {directCodemagic} from '../emulators/codemagic/direct';
import {APP, CodemagicWorld, OTHER_APP} from '../emulators/codemagic/world';
import type {Scheduler} from '../emulators/scheduler';
import type {SeededRandom} from '../emulators/seeded-random';
import type {FaultyPorts} from './faulty-ports';
import {TEMPLATES} from './pools';

/** From the start of a build until lists show it. */
const UNLISTED_MS = 2_000;

/** CodeMagic with a workflow for each template. Whether lists show labels is drawn. */
export function codemagicApi(scheduler: Scheduler, random: SeededRandom): CodemagicApi {
  const world = new CodemagicWorld({scheduler, unlistedMs: UNLISTED_MS, leavesLabelsOut: random.next() < 0.5});
  for (const app of [APP, OTHER_APP]) world.apps.get(app)?.workflows.push(...TEMPLATES);
  return new CodemagicApi(world);
}

/** What was asked of CodeMagic that it does not know, or that nobody should ask. */
export function violationsOf({violations, world}: CodemagicApi): string[] {
  return [...violations, ...world.cancelledInVain().map((id) => `build ${id} was cancelled again and again`)];
}

/** The provider with its real client over the model, below the faults of the scenario; without `ports` there are none. */
export function codemagicProvider(api: CodemagicApi, ports?: FaultyPorts): ProviderTypes {
  const {scheduler} = api.world;
  const direct = directCodemagic(api);
  const codemagic = ports ? ports.codemagic(direct, (ms) => scheduler.sleep(ms)) : direct;
  return {
    codemagic({config: {deployment, pools}, clock, logger}) {
      const own = pools.filter((pool): pool is typeof pool & CodemagicPool => pool.provider.type === 'codemagic');
      return createCodemagicProvider({codemagic, pools: own, deployment, clock, logger});
    },
  };
}
