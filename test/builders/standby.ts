import {placementFields} from '../../shared/model/placement';
import {newStandby, type StandbyDocument} from '../../shared/model/standby';
import {NOW} from './lifecycle';

/** A standby machine of pool `arm` that is ready. */
export function aStandby(overrides: Partial<StandbyDocument> = {}): StandbyDocument {
  const name = 'slipway-arm-sabcdefghij-1';
  return {
    ...newStandby({name, pool: 'arm', provider: 'gce', hold: 'stopped', now: NOW}),
    ...placementFields({place: 'us-central1-a', spot: false}),
    machineId: name,
    state: 'ready',
    fingerprint: 'template 7',
    ...overrides,
  };
}
