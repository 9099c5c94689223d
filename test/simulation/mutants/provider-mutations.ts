import {type Mutation, UNASKED_MACHINE} from './mutation';

/** Mistakes that worlds with Compute Engine alone cannot show: it has one list of all its zones, and its type is the one of old records. */
export const PROVIDER_MUTATIONS: readonly Mutation[] = [
  {
    name: 'providers: a place that was not listed has no machines',
    exported: 'isListed',
    wrap: '() => () => true',
    also: UNASKED_MACHINE,
    provider: 'memory',
  },
  {
    name: 'providers: the provider of a record is forgotten',
    marked: 'provider of a record',
    value: "'gce'",
    provider: 'memory',
  },
  {
    name: 'providers: the name of a machine is taken for its id',
    marked: 'id of the machine',
    value: 'runner.name',
    provider: 'memory-ids',
  },
];
