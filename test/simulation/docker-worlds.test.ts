import {describeWorlds} from './describe-worlds';

// Deployments whose machines are containers on hosts that call: lost answers, restarted agents, silent hosts, and hosts that vanish.
describeWorlds(1, 10, 'docker');
