import {describeWorlds} from './describe-worlds';

describeWorlds(61, 120);
