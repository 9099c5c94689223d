import {invalid, isSpot, type Json} from './resources';

const LONGEST_RUN_SECONDS = 120 * 24 * 3600;

/**
 * `scheduling` that Compute Engine refuses.
 * @see https://cloud.google.com/compute/docs/instances/limit-vm-runtime
 * @see https://cloud.google.com/compute/docs/instances/create-use-spot
 */
export function checkScheduling(scheduling: Json): void {
  const {provisioningModel, instanceTerminationAction: action, automaticRestart, onHostMaintenance} = scheduling;
  const seconds = maxRunSeconds(scheduling);
  const refuse = (field: string, why: string) =>
    invalid(`Invalid value for field 'resource.scheduling.${field}': '${scheduling[field]}'. ${why}`);
  if (provisioningModel !== undefined && !['STANDARD', 'SPOT', 'FLEX_START'].includes(String(provisioningModel))) {
    throw refuse('provisioningModel', 'It is not one of STANDARD, SPOT, FLEX_START.');
  }
  if (action !== undefined && action !== 'STOP' && action !== 'DELETE') {
    throw refuse('instanceTerminationAction', 'It is not one of STOP, DELETE.');
  }
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 30 && seconds <= LONGEST_RUN_SECONDS)) {
    throw refuse('maxRunDuration', `It is ${seconds} s; it must be between 30 s and 120 days.`);
  }
  if (seconds !== undefined && scheduling['terminationTime'] !== undefined) {
    throw refuse('terminationTime', 'Only one of maxRunDuration and terminationTime can be given.');
  }
  if (isSpot({scheduling})) {
    if (automaticRestart === true) throw refuse('automaticRestart', 'It must be false for preemptible instances.');
    if (onHostMaintenance === 'MIGRATE') throw refuse('onHostMaintenance', 'Preemptible instances must TERMINATE.');
    return;
  }
  const limited = seconds !== undefined || scheduling['terminationTime'] !== undefined;
  if (limited && action === undefined) throw refuse('instanceTerminationAction', 'A limited run time needs it.');
  if (!limited && action !== undefined) {
    throw refuse('instanceTerminationAction', 'It is only for Spot VMs and VMs with a limited run time.');
  }
}

/** What Compute Engine fills in; int64 goes out as a string. */
export function completeScheduling(scheduling: Json): Json {
  const spot = isSpot({scheduling});
  const seconds = maxRunSeconds(scheduling);
  return {
    onHostMaintenance: spot ? 'TERMINATE' : 'MIGRATE',
    automaticRestart: !spot,
    preemptible: spot,
    provisioningModel: 'STANDARD',
    ...(spot ? {instanceTerminationAction: 'STOP'} : {}),
    ...scheduling,
    ...(scheduling['provisioningModel'] === 'SPOT' ? {preemptible: true} : {}),
    ...(seconds === undefined ? {} : {maxRunDuration: {seconds: String(seconds)}}),
  };
}

export function maxRunSeconds(scheduling: Json): number | undefined {
  const {maxRunDuration} = scheduling as {maxRunDuration?: {seconds?: string | number}};
  return maxRunDuration?.seconds === undefined ? undefined : Number(maxRunDuration.seconds);
}
