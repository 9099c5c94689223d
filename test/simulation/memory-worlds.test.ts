import {describeWorlds} from './describe-worlds';

// Deployments whose machines are of a provider that the code does not know: what fails here and not with Compute Engine is a fault of the seam.
describe.each(['memory', 'memory-ids'] as const)('%s', (provider) => describeWorlds(1, 10, provider));
