import {describeWorlds} from './describe-worlds';

describeWorlds(1, 60);
