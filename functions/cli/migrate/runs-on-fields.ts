import {type Equivalents, none} from './reading';

const BOOT = 'metadata slipway-boot-script of the template in runner_templates, docs/runner-vm.md';
/** Of a pool with a label that is the same in each run. */
export const WARM =
  'minIdle: n for hot and standby: {stopped: n} for stopped, each a number or a list of {cron, timezone, count}';
const POOLS = `minIdle and standby need a label without *, and the label of RunsOn differs from run to run: give the pool a label of its own, then ${WARM}`;

/** Of a runner, and of the file as a whole: what takes the place of what is not translated. */
export const RUNS_ON_FIELDS: Equivalents = {
  id: none('the name of the runner is its key'),
  disk: 'disk_gb of the template in runner_templates, or the option disk= of the pool',
  extras: 'docs/caches.md says what there is in place of s3-cache, ecr-cache, efs and tmpfs',
  sticky: none('docs/caches.md says what there is for what is to stay'),
  ssh: 'the variable ssh_over_iap, then gcloud compute ssh --tunnel-through-iap, by IAM',
  private: 'external_ip of the template in runner_templates, which is false by default',
  preinstall: BOOT,
  prerun: BOOT,
  tags: none('costs are by pool, repository and workflow, docs/costs.md'),
  tag: none('costs are by pool, repository and workflow, docs/costs.md'),
  debug: none('the log of the serial port shows the boot, docs/operate.md'),
  'nested-virt': 'nested_virtualization of the template in runner_templates',
  gpu: 'accelerator of the template in runner_templates, or a machine type with GPUs such as g2-standard-4',
  ami: 'image of the template in runner_templates',
  retry: none('rerunOnPreemption reruns jobs of preempted VMs, and no others'),
  images:
    'a template each in runner_templates, with its image, and preinstall as metadata slipway-boot-script; template of the pool names it',
  pools: POOLS,
  admins: none('IAM says who may do gcloud compute ssh --tunnel-through-iap, docs/security.md'),
  _extends: 'translate that file, too, and put its pools into this one',
};
