import {instanceBody, maxRunSeconds, type NewInstance} from '../../../shared/providers/gce/client/body';
import type {Scheduling} from '../../../shared/providers/gce/client/compute';
import {Secret} from '../../../shared/secret';

function bodyOf(changes: Partial<NewInstance> = {}, scheduling: Scheduling & {terminationTime?: string} = {}) {
  return instanceBody({
    name: 'slipway-arm-7-1',
    deployment: 'slipway',
    pool: 'arm',
    job: '7-1',
    encodedJitConfig: new Secret('jit'),
    placement: {place: 'us-central1-a', spot: false},
    template: {
      selfLink: 'global/instanceTemplates/t',
      metadata: {
        items: [
          {key: 'startup-script', value: '#!/bin/sh'},
          {key: 'slipway-jit-config', value: 'stale'},
        ],
      },
      labels: {team: 'ci', 'slipway-pool': 'other'},
      scheduling,
      machineType: 'n2-standard-4',
      disks: [],
      accelerators: [],
      hasExternalAddress: false,
    },
    minutes: {boot: 5, idle: 10, job: 120},
    ...changes,
  });
}

test('metadata has the items of the template and our JIT config, which replaces an old one', () => {
  expect(bodyOf().metadata.items).toEqual([
    {key: 'startup-script', value: '#!/bin/sh'},
    {key: 'slipway-jit-config', value: 'jit'},
  ]);
});

test('labels are those of the template and ours, which win', () => {
  expect(bodyOf().labels).toEqual({
    team: 'ci',
    'slipway-deployment': 'slipway',
    'slipway-pool': 'arm',
    'slipway-job': '7-1',
  });
});

test.each([
  [{boot: 5, idle: 10, job: 120}, 135 * 60 + 600],
  [{boot: 0.5, idle: 0.25, job: 0.011}, 46 + 600],
])('%j minutes end after %d seconds at the latest', (minutes, seconds) => {
  expect(maxRunSeconds(minutes)).toBe(seconds);
  expect(bodyOf({minutes}).scheduling).toMatchObject({
    maxRunDuration: {seconds},
    instanceTerminationAction: 'DELETE',
    automaticRestart: false,
  });
});

test('a spot placement overrules a standard template', () => {
  const {scheduling} = bodyOf(
    {placement: {place: 'z', spot: true}},
    {onHostMaintenance: 'MIGRATE', automaticRestart: true},
  );
  expect(scheduling).toMatchObject({
    provisioningModel: 'SPOT',
    preemptible: true,
    onHostMaintenance: 'TERMINATE',
    automaticRestart: false,
  });
});

test('a standard placement overrules a spot template and keeps the rest of its scheduling', () => {
  const {scheduling} = bodyOf({}, {provisioningModel: 'SPOT', preemptible: true, onHostMaintenance: 'TERMINATE'});
  expect(scheduling).toMatchObject({provisioningModel: 'STANDARD', preemptible: false, onHostMaintenance: 'TERMINATE'});
});

test('the terminationTime of the template is dropped, because Compute Engine rejects it beside maxRunDuration', () => {
  expect(bodyOf({}, {terminationTime: '2030-01-01T00:00:00Z'}).scheduling).not.toHaveProperty('terminationTime');
});

test.each([
  [
    {place: 'us-central1-a', spot: false, machineType: 'n2-standard-4'},
    'zones/us-central1-a/machineTypes/n2-standard-4',
  ],
  [{place: 'us-central1-a', spot: false}, undefined],
])('the machine type is given when the placement has one: %j', (placement, expected) => {
  expect(bodyOf({placement}).machineType).toBe(expected);
});
