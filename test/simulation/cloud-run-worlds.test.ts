import {describeWorlds} from './describe-worlds';

describeWorlds(1, 10, 'cloud-run');
