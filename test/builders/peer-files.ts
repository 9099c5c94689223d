/**
 * Whole configurations of other systems, with every kind of field that their repositories publish, in names and shapes; values are made up.
 * Written anew here from the pages named beside them. peer-examples.ts has what says which jobs get which runners.
 */

/** @see https://github.com/github-aws-runners/terraform-aws-github-runner/tree/main/examples/multi-runner/templates/runner-configs */
const MULTI_RUNNER_FILE = `
matcherConfig: {exactMatch: true, labelMatchers: [[self-hosted, linux, x64, ubuntu-2204]]}
fifo: true
redrive_build_queue: {enabled: false, maxReceiveCount: null}
runner_config:
  runner_os: linux
  runner_architecture: x64
  runner_run_as: ubuntu
  runner_name_prefix: ubuntu-2204-x64_
  enable_ssm_on_runners: true
  credit_specification: standard
  instance_types: [t3a.large, m5ad.large]
  enable_organization_runners: true
  pool_runner_owner: acme
  runners_maximum_count: 20
  instance_target_capacity_type: spot
  enable_on_demand_failover_for_errors: [InsufficientInstanceCapacity]
  warm_pool: {enabled: true, max_instances: 10, max_age_hours: 168}
  enable_ephemeral_runners: true
  runner_boot_time_in_minutes: 12
  delay_webhook_event: 0
  scale_down_schedule_expression: cron(* * * * ? *)
  job_retry: {enable: true, max_attempts: 1}
  userdata_template: ./templates/user-data.sh
  userdata_pre_install: make ready
  enable_userdata: false
  idle_config: [{cron: "* * 9-17 * * 1-5", timeZone: Europe/Berlin, idleCount: 2, evictionStrategy: oldest_first}]
  ami: {owners: ["099720109477"], filter: {name: ["ubuntu/images/*"], state: [available]}, kms_key_arn: arn}
  block_device_mappings: [{device_name: /dev/sda1, volume_size: 30, encrypted: true, iops: null}]
  runner_iam_role_managed_policy_arns: [arn]
  runner_metadata_options: {http_tokens: optional}
  runner_log_files: [{log_group_name: syslog, file_path: /var/log/syslog}]
`;

/** @see https://github.com/actions/actions-runner-controller/blob/master/charts/gha-runner-scale-set/values.yaml */
const SCALE_SET_FILE = `
githubConfigUrl: https://github.com/acme/app
githubConfigSecret: {github_token: the-secret-token}
runnerScaleSetName: gpu
minRunners: 1
proxy: {https: {url: "http://proxy.example:1234", credentialSecretRef: proxy-auth}, noProxy: [example.com]}
githubServerTLS:
  certificateFrom: {configMapKeyRef: {name: config-map-name, key: ca.crt}}
  runnerMountPath: /usr/local/share/ca-certificates/
keyVault: {type: azure_key_vault}
containerMode: {type: kubernetes, kubernetesModeWorkVolumeClaim: {accessModes: [ReadWriteOnce]}}
listenerTemplate: {spec: {containers: [{name: listener, securityContext: {runAsUser: 1000}}]}}
listenerMetrics: {counters: {gha_started_jobs_total: {labels: [repository]}}}
controllerServiceAccount: {namespace: arc-system, name: controller}
template:
  metadata: {annotations: {team: ci}}
  spec:
    nodeSelector: {kubernetes.io/arch: arm64, pool: ci}
    tolerations: [{key: gpu, operator: Exists, effect: NoSchedule}]
    securityContext: {fsGroup: 1001}
    serviceAccountName: deployer
    volumes: [{name: work, hostPath: {path: /data, type: Directory}}]
    containers:
      - name: runner
        image: ghcr.io/actions/actions-runner:latest
        command: [/home/runner/run.sh]
        env: [{name: MY_NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        volumeMounts: [{name: work, mountPath: /work}]
        resources: {limits: {cpu: "4", nvidia.com/gpu: 1}}
`;

/** @see https://github.com/cloudbase/garm/blob/main/doc/pools-and-scaling.md */
const GARM_FILE = `
- id: 9b1f
  provider_name: gcp
  image: projects/debian-cloud/global/images/family/debian-12
  flavor: e2-medium
  os_type: linux
  os_arch: amd64
  tags: [{id: 7c, name: ubuntu}]
  repo_id: 3f
  repo_name: acme/app
  max_runners: 10
  enabled: true
  runner_prefix: garm
  enable_shell: true
  template_id: 3
  extra_specs: {disksize: 255, network_tags: [a], disable_updates: true}
  created_at: "2025-01-01T00:00:00Z"
- {id: 4, scale_set_id: 12, name: my-scale-set, labels: [{name: gpu}], org_name: acme, enabled: true, max_runners: 2, state: active}
`;

/** @see https://github.com/runs-on/config/tree/main/schema/testdata/valid */
const RUNS_ON_FILE = `
_extends: .github-private
x-defaults: &defaults {cpu: [2], ram: [16], family: [c7a]}
runners:
  fast:
    <<: *defaults
    cpu: "2+4"
    retry: when-interrupted
    extras: "s3-cache+tmpfs"
    nested-virt: true
    sticky: "go-cache:60gb"
    private: true
    prerun: echo ready
    tags: ["Team:DevOps"]
  steady: {cpu: 2, spot: never, ssh: false, retry: "always+on-failure"}
images: {custom: {ami: ami-1234567890abcdef0, platform: linux, preinstall: make}}
pools:
  nightly:
    runner: fast
    timezone: UTC
    schedule: [{name: default, hot: 1, stopped: 2}, {name: nights, hot: 0, stopped: 1, match: {day: [monday], time: ["22:00", "06:00"]}}]
admins: [alice]
`;

/** @see https://cloud.google.com/compute/docs/reference/rest/v1/instanceTemplates and gcp/variables.tf of Cyclenerd/google-cloud-github-runner */
const INSTANCE_TEMPLATE_FILE = `
- kind: compute#instanceTemplate
  id: "1"
  name: gcp-ubuntu-24-04
  region: https://www.googleapis.com/compute/v1/projects/p/regions/europe-west3
  properties:
    machineType: n1-standard-4
    labels: {team: ci}
    metadata: {items: [{key: startup-script, value: "# by the manager"}]}
    tags: {items: [ssh]}
    serviceAccounts: [{email: vm@p.iam.gserviceaccount.com, scopes: [cloud-platform]}]
    networkInterfaces: [{name: nic0, subnetwork: s}]
    scheduling: {onHostMaintenance: TERMINATE, preemptible: true}
    guestAccelerators: [{acceleratorType: nvidia-tesla-t4, acceleratorCount: 1}]
    disks:
      - boot: true
        autoDelete: true
        initializeParams: {sourceImage: projects/p/global/images/family/ubuntu-2404-lts-amd64, diskSizeGb: "25", diskType: pd-ssd}
- name: gcp-ubuntu-latest-arm
  instance_type: c4a-standard-4
  vcpu: 4
  memory: 16
  disk_type: hyperdisk-balanced
  disk_size: 25
  disk_provisioned_iops: 3150
  disk_provisioned_throughput: 177
  image: ubuntu-2404-lts-arm64
  arch: arm64
`;

/** By the name of the system, as `slipway migrate --from` takes it. */
export const PEER_FILES: Readonly<Record<string, string>> = {
  'terraform-aws-github-runner': MULTI_RUNNER_FILE,
  'actions-runner-controller': SCALE_SET_FILE,
  garm: GARM_FILE,
  'runs-on': RUNS_ON_FILE,
  'google-cloud-github-runner': INSTANCE_TEMPLATE_FILE,
};
