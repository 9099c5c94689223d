# The functions' environment: names and meanings are those of the configuration in the repository's README.
locals {
  webhook_secret_folder = "/etc/secrets"
  webhook_secret_file   = "github-webhook-secret"

  shared_environment = {
    DEPLOYMENT            = var.deployment
    GOOGLE_CLOUD_PROJECT  = var.project
    GOOGLE_CLOUD_REGION   = var.region
    GITHUB_API_URL        = var.github_api_url
    LOG_LEVEL             = var.log_level
    PROVISION_QUEUE       = google_cloud_tasks_queue.queue["provision"].id
    PROVISION_URL         = local.urls["provision"]
    RUNNER_CONFIG         = var.pools
    STOP_QUEUE            = google_cloud_tasks_queue.queue["stop"].id
    STOP_URL              = local.urls["stop"]
    TASKS_SERVICE_ACCOUNT = google_service_account.tasks.email
  }

  private_environment = {
    DRY_RUN                    = tostring(var.dry_run)
    FIRESTORE_DATABASE         = google_firestore_database.state.name
    GITHUB_APP_ID              = var.github_app_id
    GITHUB_APP_INSTALLATION_ID = var.github_app_installation_id
    GITHUB_APP_PRIVATE_KEY     = google_secret_manager_secret.app_private_key.id # a resource name, not the key
    INTERNAL_AUTH              = "platform"                                      # IAM has verified the token already, see invokers.tf
    TASK_MAX_ATTEMPTS          = tostring(var.task_max_attempts)
  }

  environments = {
    webhook = merge(local.shared_environment, {
      GITHUB_WEBHOOK_SECRET = "file:${local.webhook_secret_folder}/${local.webhook_secret_file}"
    })
    provision = merge(local.shared_environment, local.private_environment)
    stop      = merge(local.shared_environment, local.private_environment)
  }
}
