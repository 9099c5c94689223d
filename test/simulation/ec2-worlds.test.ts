import {describeWorlds} from './describe-worlds';

// Instances that lists show late, creations that are known by a token alone, and ended ones that are shown for an hour.
describe('ec2', () => describeWorlds(1, 10, 'ec2'));
