import {type Equivalents, none, STATE} from './reading';

/** Of a pool or a scale set of GARM: what takes the place of what is not translated. */
export const GARM_FIELDS: Equivalents = {
  id: STATE,
  repo_id: STATE,
  org_id: STATE,
  enterprise_id: STATE,
  enterprise_name: STATE,
  scale_set_id: STATE,
  instances: STATE,
  generation: STATE,
  created_at: STATE,
  updated_at: STATE,
  desired_runner_count: STATE,
  state: STATE,
  extended_state: STATE,
  status_messages: STATE,
  credentials_name: 'the GitHub App or the token, docs/deploy.md',
  endpoint: 'GITHUB_API_URL, where it is not github.com',
  'extra_specs.':
    'its fields are the provider’s: machineTypes, zones and spot of the pool, and disk_gb, disks, subnetwork, tags, external_ip, service_account and metadata of the template in runner_templates',
  'extra_specs.disable_updates': none('startup.sh installs no updates at the boot'),
  'extra_specs.extra_packages': 'the image, or metadata slipway-boot-script of the template, docs/runner-vm.md',
  'extra_specs.runner_install_template': 'metadata startup-script of the template: startup_script in runner_templates',
  'extra_specs.pre_install_scripts': 'metadata slipway-boot-script of the template, docs/runner-vm.md',
  'extra_specs.extra_context': none('of the install template there'),
  template_id: 'startup_script of the template in runner_templates',
  template_name: 'startup_script of the template in runner_templates',
  runner_prefix: none('runners are called <deployment>-<pool>-<job>-<n>'),
  enable_shell: 'the variable ssh_over_iap, then gcloud compute ssh --tunnel-through-iap',
  disable_update: none('the sweep knows the newest release of the runner, and machines take it'),
};
