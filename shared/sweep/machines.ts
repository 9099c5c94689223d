import type {Machine} from '../providers/provider';
import {noteIncomplete, type Sweep, tryList} from './context';

/** The machines of this deployment at every provider, listed side by side; undefined: a list is not complete. */
export async function listMachines(sweep: Sweep): Promise<readonly Machine[] | undefined> {
  const what = 'the VMs';
  const lists = await Promise.all(
    sweep.context.providers().map((provider) => tryList(sweep, what, () => provider.list())),
  );
  const machines: Machine[] = [];
  for (const list of lists) {
    if (!list) return undefined;
    if (!list.complete) {
      noteIncomplete(sweep, what, undefined);
      return undefined;
    }
    machines.push(...list.machines);
  }
  return machines;
}
