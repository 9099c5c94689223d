# The functions' environment, as in docs/configuration.md. A test compares these names with those
# that the code reads: every group is an object of literal names, every function a list of groups.
locals {
  # The secrets that webhook gets as files. Cloud Run mounts one secret in a folder.
  webhook_files = {
    webhook_secret = {
      secret = google_secret_manager_secret.webhook.secret_id
      folder = "/etc/secrets"
      file   = "github-webhook-secret"
    }
    task_signing_key = {
      secret = google_secret_manager_secret.task_signing_key.secret_id
      folder = "/etc/task-signing-key"
      file   = "key"
    }
  }

  environment_groups = {
    common = {
      DEPLOYMENT           = var.deployment
      GOOGLE_CLOUD_PROJECT = var.project
      GOOGLE_CLOUD_REGION  = var.region
      GOOGLE_CLOUD_ZONE    = var.zone
      GITHUB_API_URL       = var.github_api_url
      LOG_LEVEL            = var.log_level
      HTTPS_PROXY          = local.functions_proxy
      NODE_ENV             = "production" # for the functions framework: no answer shows a stack
      NODE_EXTRA_CA_CERTS  = var.ca_certificates == null ? null : "${local.ca_file.folder}/${local.ca_file.file}"
      NODE_USE_ENV_PROXY   = local.functions_proxy == null ? null : "1" # for fetch: https://nodejs.org/api/cli.html#node_use_env_proxy1
      NO_PROXY             = local.functions_proxy == null ? null : join(",", concat(local.never_by_proxy, module.fields.proxy.no_proxy))
      RUNNER_CONFIG        = var.pools
      TRACING              = tostring(var.tracing)
      VM_INACTIVE_MINUTES  = tostring(var.vm_inactive_minutes)
      WEBHOOKS             = var.webhooks
    }

    # To create tasks.
    tasks = {
      PROVISION_QUEUE       = join(",", [for name in local.provision_queues : google_cloud_tasks_queue.queue[name].id])
      PROVISION_URL         = local.urls["provision"]
      STOP_QUEUE            = google_cloud_tasks_queue.queue["stop"].id
      STOP_URL              = local.urls["stop"]
      TASKS_SERVICE_ACCOUNT = google_service_account.tasks.email
    }

    # To work at GitHub, Compute Engine and EC2, and to keep the state.
    control = {
      CODEMAGIC_TOKEN            = one(google_secret_manager_secret.codemagic_token[*].id) # a resource name, not the token
      AWS_ROLE_ARN               = var.aws_role_arn                                        # null where no pool is of type ec2
      AWS_WEB_IDENTITY_AUDIENCE  = var.aws_web_identity_audience
      DRY_RUN                    = tostring(var.dry_run)
      FIRESTORE_DATABASE         = local.database
      GITHUB_APP_ID              = local.with_token ? null : local.has_app_id ? google_secret_manager_secret.app_id[0].id : var.github_app_id
      GITHUB_APPS                = local.github_apps # resource names, not the keys
      GITHUB_APP_INSTALLATION_ID = var.github_app_installation_id
      GITHUB_APP_PRIVATE_KEY     = one(google_secret_manager_secret.app_private_key[*].id) # a resource name, not the key
      GITHUB_TOKEN               = one(google_secret_manager_secret.github_token[*].id)    # likewise
      TASK_MAX_ATTEMPTS          = tostring(var.task_max_attempts)
    }

    # To be called by Cloud Tasks or Cloud Scheduler alone.
    internal = {
      INTERNAL_AUTH = "platform" # IAM has verified the token already, see invokers.tf
    }

    # To sign tasks, and to check them.
    signing = {
      TASK_SIGNING_KEY = google_secret_manager_secret.task_signing_key.id # a resource name, not the key
    }

    webhook = {
      GITHUB_WEBHOOK_SECRET = "file:${local.webhook_files.webhook_secret.folder}/${local.webhook_files.webhook_secret.file}"
      TASK_SIGNING_KEY      = "file:${local.webhook_files.task_signing_key.folder}/${local.webhook_files.task_signing_key.file}"
    }

    sweep = {
      SWEEP_BUDGET_SECONDS   = tostring(var.sweep_budget_seconds)
      SWEEP_INTERVAL_SECONDS = tostring(var.sweep_interval_seconds)
      SWEEP_URL              = local.urls["sweep"]
    }

    api = {
      API_URL                = local.urls["api"] # for the page /setup
      CORS_ORIGINS           = length(var.cors_origins) > 0 ? join(",", var.cors_origins) : null
      GITHUB_WEBHOOK_SECRET  = local.setup ? google_secret_manager_secret.webhook.id : null # a resource name: api adds versions and reads none
      RUNNER_MANAGER_SECRET  = google_secret_manager_secret.manager.id                      # a resource name, not the secret
      SWEEP_INTERVAL_SECONDS = tostring(var.sweep_interval_seconds)
      WEBHOOK_URL            = try(local.urls["webhook"], null) # for GET /doctor and the page /setup
    }
  }

  environment_groups_of = {
    webhook   = ["common", "tasks", "webhook"]
    provision = ["common", "tasks", "control", "signing", "internal"]
    stop      = ["common", "tasks", "control", "signing", "internal"]
    sweep     = ["common", "tasks", "control", "signing", "internal", "sweep"]
    api       = ["common", "tasks", "control", "signing", "api"]
  }

  # For what runs in containers, where the pools are worked with.
  container_environment = merge(
    { for name, value in var.runner_env : "runnerenv_${name}" => value },
    { RUNNER_COMMAND = var.runner_command },
  )

  environments = {
    for function, groups in { for name, groups in local.environment_groups_of : name => groups if contains(keys(local.functions), name) } :
    function => merge(concat(
      [for group in groups : local.environment_groups[group]],
      [for group in groups : local.container_environment if group == "control"],
    )...)
  }
}
