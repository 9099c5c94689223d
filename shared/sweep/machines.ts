import {withDeadline} from '../clock';
import {Unavailable} from '../errors';
import {machineProvider} from '../model/runner';
import type {MachineReference, NamedProvider} from '../providers/provider';
import {machineOf, type RecordedMachine} from '../runners/retire';
import {type Looking, noteIncomplete, tryList} from './context';
import type {SeenMachine, Unlisted} from './observed';

/** Time-out for the list of one provider, in milliseconds. The providers are listed concurrently. */
const LIST_TIMEOUT_MS = 30_000;

/** The lists of all providers together. */
export interface ListedMachines {
  /** Machines in the places that were listed completely. */
  readonly machines: readonly SeenMachine[];
  readonly unlisted: readonly Unlisted[];
}

/**
 * Lists the machines of this deployment at the providers of its pools and of the runners on record. A provider that does not answer is in
 * `unlisted`.
 */
export async function listMachines(sweep: Looking, runners: readonly RecordedMachine[]): Promise<ListedMachines> {
  const types = new Set(runners.map(machineProvider));
  const lists = await Promise.all(
    sweep.context.providers(types).map((one) => {
      const own = runners.filter((runner) => machineProvider(runner) === one.type);
      return listOne(
        sweep,
        one,
        own.map((runner) => machineOf(runner)),
      );
    }),
  );
  return {
    machines: lists.flatMap(({machines}) => machines),
    unlisted: lists.flatMap(({unlisted}) => unlisted),
  };
}

async function listOne(
  sweep: Looking,
  {type, provider}: NamedProvider,
  onRecord: readonly MachineReference[],
): Promise<ListedMachines> {
  const what = `the machines of ${type}`;
  const list = await tryList(sweep, what, () =>
    withDeadline(
      LIST_TIMEOUT_MS,
      provider.list(onRecord),
      () => new Unavailable(`${type} did not list its machines in time`, 60),
    ),
  );
  if (!list) return {machines: [], unlisted: [{provider: type}]};
  const machines = list.machines.map((machine) => ({...machine, provider: type}));
  if (list.complete) return {machines, unlisted: []};
  noteIncomplete(sweep, what, undefined);
  const {unreadPlaces} = list;
  if (!unreadPlaces) return {machines: [], unlisted: [{provider: type}]};
  return {
    machines: machines.filter(({place}) => !unreadPlaces.includes(place)),
    unlisted: unreadPlaces.map((place) => ({provider: type, place})),
  };
}
