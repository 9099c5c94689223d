import {type CallEc2, ec2Api} from '../../../shared/providers/ec2/client/api';
import type {Ec2} from '../../../shared/providers/ec2/client/ec2';
import {Ec2Failure} from '../../../shared/providers/ec2/client/errors';
import {readAnswer} from '../../../shared/providers/ec2/client/send';
import type {AwsApi} from './api';

/** The port that the provider works with, over the same requests and answers as HTTP, without signatures and time-outs. */
export function directEc2(api: AwsApi, region = api.world.region): Ec2 {
  const call: CallEc2 = async (action, parameters, what) => {
    const answer = api.answer({action, parameters, region});
    if (answer === 'broken') throw new Ec2Failure('uncertain', 'NO_ANSWER', `${what}: no answer came`);
    return readAnswer(what, {...answer, date: null});
  };
  return ec2Api(call);
}
