import {DEPLOYMENT_LABEL, KEEP_LABEL, POOL_LABEL} from '../../model/names';
import type {Machine, MachineStatus} from '../provider';
import {placeOf} from './accounts';
import type {Ec2Instance} from './client/ec2';

/** Tag that EC2's console shows as the name. */
export const NAME_TAG = 'Name';

/** Whether this deployment created the instance. No other one may be terminated. */
export function isOwnInstance(deployment: string, {tags}: Ec2Instance): boolean {
  // mutation: tag of the deployment
  return tags[DEPLOYMENT_LABEL] === deployment;
}

/** Whether the instance is on its way out or gone: EC2 shows it for about an hour. */
export function isEnded({state}: Ec2Instance): boolean {
  // mutation: ended instance
  return state === 'shutting-down' || state === 'terminated';
}

/** Why EC2 says that it took a spot instance back. */
const INTERRUPTED = /^Server\.SpotInstance(Termination|Shutdown)$/;

export function wasInterrupted({stateReason}: Ec2Instance): boolean {
  return INTERRUPTED.test(stateReason);
}

/**
 * Why the instance ended, for people; undefined: it has not, or it was taken back, or somebody terminated it.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html
 */
export function failureOf(instance: Ec2Instance): string | undefined {
  const {stateReason} = instance;
  if (!isEnded(instance) || stateReason === '' || wasInterrupted(instance)) return undefined;
  if (stateReason === 'Client.UserInitiatedShutdown') return undefined;
  if (stateReason === 'Client.InstanceInitiatedShutdown') {
    return 'its instance powered itself off; the last lines of its system log at EC2 say why';
  }
  return `EC2 ended its instance with ${stateReason}`;
}

export function machineOf(instance: Ec2Instance, region: string, now: number): Machine {
  const {id, subnet, launchTime, tags} = instance;
  const createdAt = Date.parse(launchTime);
  return {
    name: tags[NAME_TAG] ?? '',
    id,
    place: placeOf(region, subnet),
    status: statusOf(instance),
    // mutation: age of the instance
    createdAt: Number.isNaN(createdAt) ? now : createdAt,
    pool: tags[POOL_LABEL] ?? '',
    // mutation: kept instance
    isKept: KEEP_LABEL in tags,
  };
}

function statusOf({state}: Ec2Instance): MachineStatus {
  switch (state) {
    case 'pending':
      return 'starting';
    case 'running':
      return 'running';
    case 'stopped':
      return 'stopped';
    default:
      return 'stopping';
  }
}
