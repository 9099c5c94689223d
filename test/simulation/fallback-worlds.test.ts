import {describeWorlds} from './describe-worlds';

// Pools of Compute Engine and of EC2 that fall back to each other, and jobs that choose their machines.
describe('gce+ec2', () => describeWorlds(1, 10, 'gce+ec2'));
