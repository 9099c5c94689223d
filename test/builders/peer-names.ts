/** What a system shows to whoever runs it, by the heading of its section in docs/migrate.md. */
export interface PeerNames {
  readonly heading: string;
  /** Where the names stand. */
  readonly source: string;
  /** Variables, endpoints, answers, scripts, separated by white space. A name of several words stands in `phrases`. */
  readonly names: string;
  readonly phrases?: readonly string[];
}

export const PEER_NAMES: readonly PeerNames[] = [
  {
    heading: 'From start and stop scripts, or the flat configuration',
    source: 'https://github.com/nakamasato/gha-vm-self-hosted-runner: app.py, .env.example, variables.tf, outputs.tf',
    names: `GCP_PROJECT_ID CLOUD_TASK_LOCATION CLOUD_TASK_QUEUE_NAME CLOUD_TASK_SERVICE_ACCOUNT_EMAIL VM_INACTIVE_MINUTES
      CLOUD_RUN_SERVICE_URL RUNNER_MANAGER_SECRET GITHUB_APP_ID GITHUB_APP_PRIVATE_KEY GITHUB_APP_INSTALLATION_ID RUNNER_CONFIG
      VM_INSTANCE_ZONE VM_INSTANCE_NAME GITHUB_WEBHOOK_SECRET TARGET_LABELS X-Runner-Secret vm_instance_name vm_instance_zone
      already_running already_stopped runner_busy project region zone runner_instance_name runner_manager_image queue_name
      inactive_minutes target_labels deletion_protection runner_manager_url runner_manager_service_account cloud_tasks_queue_name
      webhook_url instance_name machine_type boot_disk_image boot_disk_size_gb boot_disk_type network enable_external_ip
      startup_script service_account_id roles additional_metadata labels network_tags github_runner_token_secret github_org github_repo`,
    phrases: ['POST /github/webhook', 'POST /runner/start', 'POST /runner/stop', 'GET /health', 'GET /`', 'docker run'],
  },
  {
    heading: 'From a service with one instance template',
    source: 'https://github.com/NathanHowell/spotted-arms: README.md, server.rs, telemetry.rs, modules/cloud-run',
    names: `PORT GITHUB_CREDENTIALS INSTANCE_TEMPLATE GOOGLE_CLOUD_PROJECT GCP_PROJECT GOOGLE_CLOUD_ZONE PROJECT_ID WEBHOOK_PATH
      RUST_LOG --port --github-credentials --instance-template --project-id --zone --telemetry-project-id --webhook-path JIT_CONFIG
      location service_name container_image webhook_service_account_email vm_service_account_email vm_subnetwork_self_link secrets
      cpu_limit memory_limit cpu_request memory_request min_scale max_scale service_url service_location max_run_duration
      provisioning_model allow-iap-ssh cloud-init.py gcplogs`,
    phrases: ['POST /webhook', 'GET /ping', 'POST /health_check'],
  },
  {
    heading: 'From a provisioner that picks EC2 or CodeMagic by the job’s label',
    source:
      'https://github.com/datawire/infra-actions/tree/main/github-runner-provisioner and codemagic.yaml beside it',
    names: `GITHUB_TOKEN WEBHOOK_TOKEN CODEMAGIC_TOKEN USE_CODEMAGIC AWS_REGION GITHUB_REPO_OWNER GITHUB_REPO_NAME GITHUB_RUNNER_TOKEN
      GITHUB_RUNNER_LABELS test-macOS-arm64 test-ubuntu-arm64 DRY_RUN HOSTNAME dry-run=true /healthz action_runner_runtime
      action_runner_provisioning_errors mac2.metal m1_mac_runners codemagic.yaml`,
    phrases: ['POST /github-runner-provisioner/', 'GET /github-runner-provisioner/healthz', 'GET /metrics'],
  },
  {
    heading: 'From an orchestrator of runners in Docker containers',
    source:
      'https://github.com/eliaspizarro/gha-ephemeral-runners: deploy/.env.example, config.py, endpoints.py, models.py, GITHUB-CLEANUP.md',
    names: `GITHUB_RUNNER_TOKEN RUNNER_IMAGE REGISTRY IMAGE_VERSION AUTO_CREATE_RUNNERS RUNNER_CHECK_INTERVAL RUNNER_PURGE_INTERVAL
      DISCOVERY_MODE LOG_LEVEL LOG_VERBOSE API_GATEWAY_PORT ORCHESTRATOR_PORT CORS_ORIGINS RUNNER_FILTER_PATTERN
      GITHUB_CLEANUP_ENABLED RUNNER_COMMAND runnerenv_X runnerenv_LABELS {scope_name} {runner_name} {registration_token} {timestamp}
      {timestamp_iso} {timestamp_date} {timestamp_time} {hostname} {orchestrator_id} {docker_network} {orchestrator_port}
      {api_gateway_port} {runner_image} {registry_url} {repo_owner} {repo_name} {repo_full_name} {user_login} scope_name runner_name
      runner_group count build.sh versioning.sh update-version.py compose.yaml gha-ephemeral /docs /redoc`,
    phrases: [
      'POST /api/v1/runners`',
      'DELETE /api/v1/runners/{id}',
      'GET /runners',
      'GET /runners/{id}',
      'POST /api/v1/runners/cleanup`',
      'POST /api/v1/runners/cleanup-github',
      'GET /api/v1/runners/github-status',
      'GET /health',
      '{status, data, message, timestamp}',
    ],
  },
  {
    heading: 'From NixOS containers on a host',
    source: 'https://github.com/thesimplekid/cdk-infra: docs/runner-controller.md, hosts/runner',
    names: `GITHUB_REPO GITHUB_TOKEN_FILE MAX_CONCURRENT POLL_INTERVAL JOB_TIMEOUT RUNNER_LABELS STATE_DIR HTTP_PORT RUST_LOG NIX_PATH
      runner-status cleanup-github-runners cleanup-all-containers active_containers job_id running_seconds max_concurrent
      poll_interval_seconds job_timeout_seconds CPUQuota CPUWeight MemoryMax MemoryHigh MemorySwapMax TasksMax IOWeight /run/secrets`,
    phrases: ['GET /health', 'GET /status', 'journalctl -u runner-controller'],
  },
  {
    heading: 'From google-cloud-github-runner',
    source:
      'https://github.com/Cyclenerd/google-cloud-github-runner: README.md, gcp/variables.tf, gcp/outputs.tf, tools',
    names: `FLASK_SECRET_KEY GITHUB_APP_ID GITHUB_INSTALLATION_ID GITHUB_PRIVATE_KEY_PATH GITHUB_PRIVATE_KEY GITHUB_WEBHOOK_SECRET
      GOOGLE_CLOUD_PROJECT GOOGLE_CLOUD_ZONE PORT SETUP_USERNAME SETUP_PASSWORD /setup/callback /setup/complete apis project_id region
      zone github_runners_manager_min_instance_count github_runners_manager_max_instance_count github_runners_default_image
      github_runners_default_type github_runners_types instance_type vcpu memory disk_type disk_size disk_provisioned_iops
      disk_provisioned_throughput image arch github_runners_manager_url tools/gce.py tools/assign-iam-roles.sh tools/build-podman.sh
      build-container.sh build-image-….sh startup/install.sh providers.tf.gcs github-app-id github-installation-id github-private-key
      github-webhook-secret`,
    phrases: ['GET /setup/', 'POST /setup/trigger-restart', 'POST /webhook', 'GET /`'],
  },
  {
    heading: 'From terraform-aws-github-runner',
    source:
      'https://github.com/github-aws-runners/terraform-aws-github-runner: modules/multi-runner/variables.tf, beside multi_runner_config',
    names: `github_app key_base64 webhook_secret prefix kms_key_arn tags repository_white_list log_level logging_retention_in_days
      logging_kms_key_id role_permissions_boundary role_path lambda_s3_bucket lambda_runtime lambda_architecture lambda_principals
      webhook_lambda_apigateway_access_log_settings enable_event_rule_binaries_syncer queue_encryption aws_partition aws_region vpc_id
      subnet_ids enable_managed_runner_security_group runner_egress_rules runner_additional_security_group_ids lambda_subnet_ids
      lambda_security_group_ids instance_profile_path key_name ghes_url ghes_ssl_verify enable_workflow_job_events_queue ssm_paths
      lambda_tracing_mode associate_public_ipv4_address ipv6_address_count pool_runner_owner`,
  },
  {
    heading: 'From actions-runner-controller',
    source:
      'https://github.com/actions/actions-runner-controller: charts/gha-runner-scale-set/values.yaml, its first level',
    names: `githubConfigUrl githubConfigSecret github_token github_app_id github_app_installation_id github_app_private_key proxy
      maxRunners minRunners runnerGroup runnerScaleSetName githubServerTLS keyVault containerMode listenerMetrics
      gha-runner-scale-set-controller RunnerDeployment HorizontalRunnerAutoscaler`,
  },
  {
    heading: 'From GARM',
    source:
      'https://github.com/cloudbase/garm/tree/main/doc: pools-and-scaling.md, managing-entities.md, configuration.md',
    names: `--image --flavor --os-type --os-arch --tags --min-idle-runners --max-runners --enabled=false --priority --runner-prefix
      --runner-bootstrap-timeout --runner-install-template --runner-group --extra-specs --enable-shell --repo --org --enterprise
      --force-remove-runner --bypass-github-unauthorized --ca-bundle --install-webhook roundrobin pack minimum-job-age-backoff
      [database] [jwt_auth] [apiserver] [logging] [metrics] [[provider]] /api/v1/metadata /api/v1/callbacks /agent /ui/ Gitea`,
    phrases: [
      'garm-cli pool add',
      'garm-cli pool update',
      'garm-cli runner list',
      'garm-cli job list',
      'garm-cli scaleset runner rotate',
      'garm-cli controller show',
      'garm-cli repo add --credentials',
      '/webhooks/<controller id>',
    ],
  },
  {
    heading: 'From RunsOn',
    source:
      'https://github.com/runs-on/runs-on/blob/main/cloudformation/template-v2.10.0.yaml and https://github.com/runs-on/config/blob/main/schema/runs_on.cue',
    names: `_extends runners pools images admins cpu= ram= family= gpu= volume=95gb disk=large spot=false image= preinstall extras=s3-cache
      ssh= private= retry=when-interrupted env= region= tag= debug sticky nested-virt dependabot fleets GithubOrganization
      GithubEnterpriseUrl LicenseKey EmailAddress NetworkingStack ExternalVpcId VpcCidrBlock VpcEndpoints Ipv6Enabled SSHAllowed
      SSHCidrRange EC2InstanceCustomPolicy AppCustomPolicy DefaultPermissionBoundaryArn DefaultAdmins EncryptEbs EnableEfs
      EnableEphemeralRegistry EnableDashboard OtelExporterEndpoint OtelExporterHeaders ServerPassword AppAlarmDailyMinutes
      CostReportsEnabled AlertTopicSubscriptionHttpsEndpoint AlertTopicSlackWebhookUrl ECInstanceDetailedMonitoring
      Ec2LogRetentionInDays SqsQueueOldestMessageThresholdSeconds IntegrationStepSecurityApiKey CostAllocationTag SpotCircuitBreaker
      RunnerCustomTags RunnerDefaultDiskSize RunnerDefaultVolumeThroughput RunnerLargeDiskSize RunnerLargeVolumeThroughput
      RunnerMaxRuntime RunnerConfigAutoExtendsFrom AppEc2QueueSize AppGithubApiStrategy AppCPU AppMemory AppRegistry AppDebug
      LoggerLevel S3CacheExpirationInDays Private Environment`,
  },
];
