import {type Equivalents, none, STATE} from './reading';

const STARTUP = none('the old manager put it in; startup_script and metadata of the template take its place');

/** Of an instance template as Compute Engine lists it: which field of `runner_templates` takes its place. */
export const INSTANCE_TEMPLATE_FIELDS: Equivalents = {
  kind: STATE,
  id: STATE,
  selfLink: STATE,
  selfLinkWithId: STATE,
  creationTimestamp: STATE,
  description: STATE,
  'properties.description': STATE,
  fingerprint: STATE,
  sourceInstance: STATE,
  disks: 'disks, disk_type and kms_key of the template in runner_templates',
  'disks.kind': STATE,
  'disks.index': STATE,
  'disks.mode': STATE,
  'disks.type': STATE,
  'disks.boot': STATE,
  'disks.autoDelete': STATE,
  'disks.deviceName': STATE,
  'disks.interface': STATE,
  'disks.initializeParams.provisionedIops': none(
    'Compute Engine sets it by the size of the disk; a template of your own may say more',
  ),
  'disks.initializeParams.provisionedThroughput': none(
    'Compute Engine sets it by the size of the disk; a template of your own may say more',
  ),
  networkInterfaces: 'subnetwork and external_ip of the template in runner_templates',
  tags: 'tags of the template in runner_templates',
  labels: 'the variable labels',
  metadata: STARTUP,
  serviceAccounts: none(
    'a VM needs none; service_account of the template in runner_templates where jobs do, and each step of a job can take its token',
  ),
  guestAccelerators: 'accelerator of the template in runner_templates',
  scheduling: none('runners end after the sum of their pool’s minutes'),
  shieldedInstanceConfig: 'secure_boot of the template in runner_templates',
  advancedMachineFeatures: 'nested_virtualization of the template in runner_templates',
  canIpForward: none('a runner forwards nothing'),
  vcpu: STATE,
  memory: STATE,
  disk_provisioned_iops: none('Compute Engine sets it by the size of the disk; a template of your own may say more'),
  disk_provisioned_throughput: none(
    'Compute Engine sets it by the size of the disk; a template of your own may say more',
  ),
};
