import {describeWorlds} from './describe-worlds';

describeWorlds(1, 40);
