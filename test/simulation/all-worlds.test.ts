import {describeWorlds} from './describe-worlds';

// Deployments with a pool of each provider, and one control plane for all of them.
describeWorlds(1, 10, 'all');
