import {describeWorlds} from './describe-worlds';

describeWorlds(101, 200);
