import {type Equivalents, none, STATE} from './reading';

const CLUSTER = none('there is no cluster, no listener and no pod');
const PLACE = none('Google places the VM: region, zones and machineTypes of the pool say where and on what');
const DISKS = none(
  'a VM has its own disk: disk_gb, disks and local_ssds of the template, docs/caches.md for what is to stay',
);
const SIDECAR =
  'services: in the workflow, or metadata slipway-boot-script of the template in runner_templates, docs/runner-vm.md';
const IMAGE =
  'image of the template in runner_templates with the same tools; or a pool of type docker or cloud-run with this image, docs/containers.md';
const USER = none('jobs run as the user runner; metadata slipway-sudo = "true" gives it sudo, docs/runner-vm.md');

/** Of the values of a scale set: what takes the place of what is not translated. */
export const SCALE_SET_FIELDS: Equivalents = {
  githubConfigSecret: 'GITHUB_APP_ID with its key, or GITHUB_TOKEN, docs/deploy.md',
  githubServerTLS: 'the variable ca_certificates, terraform/README.md',
  proxy: 'the variable proxy, terraform/README.md',
  keyVault: none('secrets are in Secret Manager'),
  kubernetesModeWorkVolumeClaim: DISKS,
  kubernetesModeServiceAccount: CLUSTER,
  kubernetesModeAdditionalRoleRules: CLUSTER,
  kubernetesModePodTemplate: CLUSTER,
  listenerTemplate: CLUSTER,
  listenerConfig: CLUSTER,
  listenerMetrics: none('metrics come from the log, docs/operate.md'),
  controllerServiceAccount: CLUSTER,
  serviceAccount: CLUSTER,
  fullnameOverride: CLUSTER,
  namespaceOverride: CLUSTER,
  annotations: CLUSTER,
  labels: 'the variable labels',
  resourceMeta: CLUSTER,
  autoscalingListener: CLUSTER,
  ephemeralRunnerSetSpecMetadata: CLUSTER,
  'template.metadata': none('VMs have the labels of the variable labels, and their pool as a label'),
  nodeSelector: PLACE,
  affinity: PLACE,
  tolerations: PLACE,
  topologySpreadConstraints: PLACE,
  runtimeClassName: PLACE,
  priorityClassName: none('priority of the pool decides between pools, and a VM waits for no other'),
  volumes: DISKS,
  volumeMounts: DISKS,
  volumeDevices: DISKS,
  resources: 'machineTypes of the pool',
  'nvidia.com/gpu':
    'accelerator of the template in runner_templates, or a machine type with GPUs such as g2-standard-4',
  'amd.com/gpu': none('Compute Engine has no such GPUs'),
  'ephemeral-storage': 'disk_gb of the template in runner_templates',
  securityContext: USER,
  serviceAccountName: 'service_account of the template in runner_templates; each step of a job can take its token',
  automountServiceAccountToken: STATE,
  initContainers: SIDECAR,
  containers: SIDECAR,
  'containers.name': STATE,
  'containers.image': IMAGE,
  'containers.imagePullPolicy': IMAGE,
  imagePullSecrets: IMAGE,
  'containers.command': none('startup.sh starts the runner'),
  'containers.args': none('startup.sh starts the runner'),
  'containers.lifecycle':
    'metadata slipway-hook-job-started and slipway-hook-job-completed of the template, docs/runner-vm.md',
  'containers.env':
    'env: in the workflow, variables of the organisation, or metadata slipway-boot-script of the template',
  'containers.envFrom':
    'env: in the workflow, variables of the organisation, or metadata slipway-boot-script of the template',
  restartPolicy: CLUSTER,
  terminationGracePeriodSeconds: CLUSTER,
  activeDeadlineSeconds: 'jobMinutes of the pool',
  hostNetwork: CLUSTER,
  hostAliases: 'metadata slipway-boot-script of the template in runner_templates',
  dnsPolicy: none('the VPC says which name servers a VM asks'),
  dnsConfig: none('the VPC says which name servers a VM asks'),
  'metadata.creationTimestamp': STATE,
};
