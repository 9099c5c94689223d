import type {Finding, Machine, MachineList} from './provider';

/** A container to be assigned to a host. */
export interface ContainerToAssign {
  /** Name of the runner and of the container. */
  readonly name: string;
  readonly pool: string;
  readonly host: string;
}

/**
 * The Docker hosts of a deployment and their containers, as provider `docker` sees them: what is on record of them (shared/hosts/). Throws
 * `Unavailable` while the records cannot be read.
 */
export interface ContainerHosts {
  /** Those of the named hosts that were seen lately and have free capacity, the least busy one first. */
  withRoom(names: readonly string[]): Promise<readonly string[]>;
  /** Why the named hosts have no room, for people. */
  describe(names: readonly string[]): Promise<string>;
  /**
   * Has VMs of the named hosts started that are down, as many as the runners need that wait for one. `job`: for which `runner` is to be made.
   * `refused`: why it was given up, which a person has to retry. `waits`: a sentence for each VM that cannot be started now.
   */
  startVms(
    names: readonly string[],
    wanted: {readonly job: string; readonly runner: string},
  ): Promise<{readonly refused: string | undefined; readonly waits: readonly string[]}>;
  /**
   * Assigns the container to the host, in one transaction with its slot of the capacity. `assigned` with the host that has it, also when it was
   * assigned before. `taken`: a container of this name is over. `full`: the host has no room any more, or was not seen lately.
   */
  assign(
    container: ContainerToAssign,
  ): Promise<{readonly kind: 'assigned'; readonly host: string} | {readonly kind: 'taken' | 'full'}>;
  /** A container by its name, as its host reported it last. */
  find(name: string): Promise<Machine | undefined>;
  /** Asks the host to remove the container. `absent`: the host does not have it, and was never told of it. */
  askToGo(name: string): Promise<'accepted' | 'absent'>;
  /** Every container that is not over. What hosts have that were not seen lately is not known. */
  list(): Promise<MachineList>;
  check(names: readonly string[]): Promise<readonly Finding[]>;
}
