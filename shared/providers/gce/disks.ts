import type {MachineOptions} from '../../model/options';
import type {Placement} from '../../model/placement';
import type {InstanceBody, InstanceTemplate, RestDisk} from './client/compute';

type Template = Pick<InstanceTemplate, 'selfLink' | 'disks'>;

/** Why the template does not allow the boot disk that the job has chosen; undefined: it does, or leaves the size to its image. */
export function diskRefusal({selfLink, disks}: Template, {disk}: MachineOptions = {}): string | undefined {
  if (disk === undefined) return undefined;
  const name = selfLink.slice(selfLink.lastIndexOf('/') + 1);
  const boot = disks.find(({isBoot}) => isBoot);
  if (!boot) return `template ${name} has no boot disk whose size disk=${disk} could change`;
  return disk < boot.sizeGb ? `disk=${disk} is below the ${boot.sizeGb} GB of template ${name}` : undefined;
}

/**
 * The disks of the VM, with the size of the boot disk that the job has chosen; nothing without one. The body's disks replace those of the template,
 * so all of them are named. A template names a disk type alone, an instance by its zone.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert
 */
export function disksFor(
  {disks}: Template,
  {place}: Placement,
  {disk}: MachineOptions = {},
): Pick<InstanceBody, 'disks'> {
  if (disk === undefined) return {};
  return {
    disks: disks.map(({isBoot, rest = {boot: isBoot}}): RestDisk => {
      const {diskType, ...params} = rest.initializeParams ?? {};
      const typed = diskType ? {diskType: `zones/${place}/diskTypes/${lastSegment(diskType)}`} : {};
      const sized = isBoot ? {diskSizeGb: String(disk)} : {};
      const isMade = isBoot || rest.initializeParams !== undefined;
      return {...rest, ...(isMade ? {initializeParams: {...params, ...typed, ...sized}} : {})};
    }),
  };
}

function lastSegment(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
