import {describeWorlds} from './describe-worlds';

// Deployments whose machines are builds at CodeMagic: ids of its own, no key of a creation, and a queue.
describeWorlds(1, 10, 'codemagic');
