import {SlipwayError} from '../errors';
import type {Machine, MachineReference} from './provider';

/** Things that are read one by one at a time. */
const AT_A_TIME = 8;

/** `read` of each item, in the order of the items; a few at a time. */
export async function readEach<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += AT_A_TIME) {
    results.push(...(await Promise.all(items.slice(first, first + AT_A_TIME).map(read))));
  }
  return results;
}

/** A machine on record. Its place is stored before it is made: what has none on record was never made. */
export type PlacedReference = MachineReference & {readonly place: string};

/** What is known of the machines on record that no list has. */
export interface ReadOnRecord {
  /** Those that have not ended. */
  readonly machines: readonly Machine[];
  /** Places of those of which it cannot be told. */
  readonly unreadPlaces: readonly string[];
}

/**
 * Reads the machines on record that are not `listed`, one by one: lists follow what pools name, and a pool may have been removed or changed
 * while its machines run. `read`: undefined, if the machine has ended; throws a `SlipwayError`, if that cannot be told.
 */
export async function readOnRecord(
  onRecord: readonly MachineReference[],
  listed: readonly Machine[],
  read: (reference: PlacedReference) => Promise<Machine | undefined>,
): Promise<ReadOnRecord> {
  const ids = new Set(listed.map(({id}) => id));
  const names = new Set(listed.map(({name}) => name));
  const missing = onRecord.filter(
    (one): one is PlacedReference =>
      one.place !== undefined && !(one.id === undefined ? names.has(one.name) : ids.has(one.id)),
  );
  const machines: Machine[] = [];
  const unread = new Set<string>();
  await readEach(missing, async (reference) => {
    try {
      const machine = await read(reference);
      if (machine) machines.push(machine);
    } catch (error) {
      if (!(error instanceof SlipwayError)) throw error;
      unread.add(reference.place);
    }
  });
  return {machines, unreadPlaces: [...unread]};
}
