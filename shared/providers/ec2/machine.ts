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
