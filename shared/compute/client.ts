import {type Clock, systemClock} from '../clock';
import {type ComputeEmulator, createClients} from './clients';
import type {Compute} from './compute';
import {instancesOver} from './instances';
import {listsOver} from './lists';
import {operationsOver} from './operations';
import {regionsOver} from './regions';
import {templatesOver} from './templates';

export interface ComputeOptions {
  /** Project id, or where to ask for it. */
  readonly project: string | (() => string | Promise<string>);
  /** In place of Google's endpoint; needs no credentials. */
  readonly emulator?: ComputeEmulator;
  /** For how long templates and zones are kept. */
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * Compute Engine over Google's REST clients. Every call has a time-out and is made once: the libraries' own retries are off. Refusals are
 * `ComputeFailure`s, classified and scrubbed.
 */
export function createCompute({project, emulator, clock = systemClock}: ComputeOptions): Compute {
  const clients = createClients(emulator);
  const projectId = async () => (typeof project === 'string' ? project : project());
  return {
    ...instancesOver(clients, projectId),
    ...listsOver(clients, projectId),
    ...operationsOver(clients, projectId),
    ...templatesOver(clients, projectId, clock),
    ...regionsOver(clients, projectId, clock),
  };
}
