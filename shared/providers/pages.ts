/**
 * What is known of machines without the client of their provider, which takes a while to load: for pages that people look at. Of a type that
 * is not here, `RunnerProvider.page` is asked.
 */
interface Known {
  /** A machine's page, from its place and its name. */
  readonly page: (project: string, place: string, name: string) => string;
  /** A machine's name is its id, so that a record without an id has one. */
  readonly namesAreIds: true;
}

const VM: Known = {page: vmPage, namesAreIds: true};

const KNOWN: Readonly<Record<string, Known>> = {gce: VM, 'gce-vm': VM};

/** Undefined: the provider itself has to be asked. */
export function knownMachines(type: string): Known | undefined {
  return Object.hasOwn(KNOWN, type) ? KNOWN[type] : undefined;
}

/** @see https://cloud.google.com/compute/docs/instances/view-vm-details */
function vmPage(project: string, zone: string, name: string): string {
  const part = encodeURIComponent;
  return `https://console.cloud.google.com/compute/instancesDetail/zones/${part(zone)}/instances/${part(name)}?project=${part(project)}`;
}
