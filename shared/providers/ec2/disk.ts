import type {MachineOptions} from '../../model/options';
import type {CreateOutcome} from '../provider';
import type {Ec2, RootDisk} from './client/ec2';
import {Ec2Failure, RATE_RETRY_SECONDS} from './client/errors';

/**
 * The root disk with the size that the job has chosen, else as the launch template has it; `disk` is undefined where nothing was chosen. The
 * template is read for it: a request names all of a disk's settings or none. An outcome: the disk cannot be had, or the template not be read.
 */
export async function chosenDisk(
  ec2: Pick<Ec2, 'launchTemplate'>,
  {template, version}: {readonly template: string; readonly version: string},
  {disk}: MachineOptions = {},
): Promise<{readonly disk?: RootDisk} | CreateOutcome> {
  if (disk === undefined) return {};
  try {
    const {name, rootDisk} = await ec2.launchTemplate(template, version);
    const what = `disk=${disk}`;
    if (!rootDisk) {
      const message = `launch template ${name} names no disk whose size ${what} could change; give it block_device_mappings`;
      return {kind: 'option_not_allowed', message};
    }
    if (disk < rootDisk.sizeGb) {
      const message = `${what} is below the ${rootDisk.sizeGb} GB of launch template ${name}`;
      return {kind: 'option_not_allowed', message};
    }
    return {disk: {...rootDisk, sizeGb: disk}};
  } catch (error) {
    if (!(error instanceof Ec2Failure)) throw error;
    if (!error.retryable) return {kind: 'refused', message: error.message};
    return {kind: 'rate_limited', message: error.message, retryAfterSeconds: RATE_RETRY_SECONDS};
  }
}
