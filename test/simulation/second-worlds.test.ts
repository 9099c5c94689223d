import {describeWorlds} from './describe-worlds';

describeWorlds(41, 80);
