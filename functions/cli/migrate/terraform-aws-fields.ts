import {type Equivalents, none} from './reading';

const QUEUE = none('a task is retried until it succeeds, and the sweep looks each minute');
const IMAGE = 'image of the template in runner_templates';
const LOG = none('the log of the serial port is in Cloud Logging, docs/operate.md');
const BUILT_IN = none('built in, nothing to set');
const NETWORK = 'subnetwork of the template in runner_templates, or the variable subnetworks';
const EC2 = none('of EC2 alone');
const DEDICATED = none('no dedicated hosts');
const ORDER = none('Google has no price to bid; machineTypes and zones are tried in their order');
const WARM = 'standby: {stopped: n} holds prepared machines';
const ACCOUNT = 'service_account of the template in runner_templates; each step of a job can take its token';

/** Of an entry of `multi_runner_config`: what takes the place of what is not translated. */
export const TERRAFORM_AWS_FIELDS: Equivalents = {
  ami: IMAGE,
  ami_filter: IMAGE,
  ami_filters_custom: IMAGE,
  ami_owners: IMAGE,
  ami_id_ssm_parameter_name: IMAGE,
  ami_id_ssm_parameter_arn: IMAGE,
  ami_kms_key_arn: 'kms_key of the template in runner_templates',
  'ami.kms_key_arn': 'kms_key of the template in runner_templates',
  block_device_mappings: 'disk_gb, disk_type, disks, local_ssds and kms_key of the template in runner_templates',
  userdata_pre_install: 'metadata slipway-boot-script of the template, docs/runner-vm.md',
  userdata_post_install: 'metadata slipway-boot-script of the template, docs/runner-vm.md',
  userdata_template:
    'what it installs belongs into the image or into metadata slipway-boot-script; startup_script of the template replaces the rest',
  userdata_content:
    'what it installs belongs into the image or into metadata slipway-boot-script; startup_script of the template replaces the rest',
  enable_userdata: 'false there: startup_script = "" where the image starts the runner by itself',
  runner_hook_job_started: 'metadata slipway-hook-job-started of the template, docs/runner-vm.md',
  runner_hook_job_completed: 'metadata slipway-hook-job-completed of the template, docs/runner-vm.md',
  runner_run_as: none('jobs run as the user runner'),
  runner_as_root: 'metadata slipway-sudo = "true" gives the user runner sudo, docs/runner-vm.md says what it costs',
  runner_iam_role_managed_policy_arns: ACCOUNT,
  iam_overrides: ACCOUNT,
  runner_additional_security_group_ids: 'tags of the template in runner_templates, for firewall rules of your own',
  vpc_id: NETWORK,
  subnet_ids: NETWORK,
  associate_public_ipv4_address: 'external_ip of the template in runner_templates',
  runner_ec2_tags: none('VMs have the labels of the variable labels, and their pool as a label'),
  cpu_options: 'nested_virtualization of the template in runner_templates; the number of cores is the machine type’s',
  placement: DEDICATED,
  license_specifications: DEDICATED,
  use_dedicated_host: DEDICATED,
  warm_pool: WARM,
  warm_pool_config: WARM,
  pool_strategy: WARM,
  pool_runner_owner: 'the organisation, --org of this command',
  'idle_config.evictionStrategy': none('idle runners are all alike'),
  runner_log_files: LOG,
  cloudwatch_config: LOG,
  enable_cloudwatch_agent: LOG,
  enable_runner_detailed_monitoring: LOG,
  enable_ssm_on_runners: 'the variable ssh_over_iap, then gcloud compute ssh --tunnel-through-iap',
  runner_name_prefix: none('runners are called <deployment>-<pool>-<job>-<n>'),
  fifo: QUEUE,
  redrive_build_queue: QUEUE,
  delay_webhook_event: none('a job is served at once, and an idle runner is taken first'),
  job_queue_retention_in_seconds: QUEUE,
  job_retry: QUEUE,
  scale_errors: QUEUE,
  scale_up_reserved_concurrent_executions: 'the variables functions and provision_rate',
  scale_down_schedule_expression: QUEUE,
  lambda_event_source_mapping_batch_size: QUEUE,
  lambda_event_source_mapping_maximum_batching_window_in_seconds: QUEUE,
  enable_jit_config: BUILT_IN,
  enable_job_queued_check: BUILT_IN,
  enable_runner_binaries_syncer: BUILT_IN,
  disable_runner_autoupdate: BUILT_IN,
  runner_disable_default_labels: BUILT_IN,
  instance_allocation_strategy: ORDER,
  instance_max_spot_price: ORDER,
  instance_type_priorities: ORDER,
  credit_specification: EC2,
  ebs_optimized: EC2,
  create_service_linked_role_spot: EC2,
  runner_metadata_options: none('jobs cannot reach the metadata server, docs/security.md'),
};
