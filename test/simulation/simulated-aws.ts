import type {Ec2} from '../../shared/providers/ec2/client/ec2';
import {createEc2Provider} from '../../shared/providers/ec2/provider';
import type {ProviderTypes} from '../../shared/providers/registry';
import {AwsApi} from '../emulators/aws/api';
import {directEc2} from '../emulators/aws/direct';
import {AwsWorld} from '../emulators/aws/world';
import type {Scheduler} from '../emulators/scheduler';
import type {SeededRandom} from '../emulators/seeded-random';
import type {FaultyPorts} from './faulty-ports';

/** Lists show a new instance this much later at most: the provider allows for a minute. */
const UNSEEN_MS = 30_000;

/** EC2 in a simulated world. `providers`: the real provider, on a port with the faults of the scenario. */
export function simulateAws(scheduler: Scheduler, random: SeededRandom) {
  const world = new AwsWorld({scheduler, unseenMs: () => random.below(UNSEEN_MS), asksRoomFirst: true});
  const api = new AwsApi(world);
  const over = (open: (region: string) => Ec2): ProviderTypes => ({
    ec2: ({config, clock, logger}) => createEc2Provider({config, clock, logger, open: ({region}) => open(region)}),
  });
  const direct = (region: string) => directEc2(api, region);
  return {
    world,
    violations: () => [...api.violations, ...world.endedAgain],
    providers: (ports: FaultyPorts) => over((region) => ports.ec2(direct(region), api)),
    undisturbed: over(direct),
  };
}
