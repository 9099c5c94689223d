output "webhook_url" {
  description = "The webhook URL of the App, to which GitHub sends `workflow_job` events. Null with webhooks = \"off\"."
  value       = try(google_cloudfunctions2_function.function["webhook"].service_config[0].uri, null)
}

output "api_url" {
  description = "URL of the control API, for people and scripts; its documentation is at /docs."
  value       = google_cloudfunctions2_function.function["api"].service_config[0].uri
}

output "api_proxy" {
  description = "Command that makes the control API and its pages reachable at http://localhost:8080 with your own Google identity, where api_public is false."
  value       = local.api_proxy
}

output "function_urls" {
  description = "URL of each function; for provision, stop and sweep also the audience of their OIDC tokens."
  value       = local.urls
}

output "queues" {
  description = "Full names of the queues, by function."
  value       = { for name, queue in google_cloud_tasks_queue.queue : name => queue.id }
}

output "service_accounts" {
  description = "E-mail of each function's service account, of the tasks', and as `jobs` of the Cloud Run jobs'. Grant a function more here if a template or a job of your own needs it."
  value = merge(
    { for name, account in google_service_account.function : name => account.email },
    { tasks = google_service_account.tasks.email },
    length(local.cloud_run_jobs) > 0 ? { jobs = google_service_account.job[0].email } : {},
  )
}

output "aws_subjects" {
  description = "Unique ids of the service accounts that create, delete, list and check instances of EC2, by function: the variable subjects of the module aws."
  value       = { for name in ["provision", "stop", "sweep", "api"] : name => google_service_account.function[name].unique_id }
}

output "firestore_database" {
  description = "Id of the database."
  value       = local.database
}

output "secrets" {
  description = "Resource names of the secrets, never their values. Null is what the deployment has not, such as `github_app_id` where the variable is given."
  value = {
    github_app_id          = one(google_secret_manager_secret.app_id[*].id)
    github_app_private_key = one(google_secret_manager_secret.app_private_key[*].id)
    github_token           = one(google_secret_manager_secret.github_token[*].id)
    github_webhook_secret  = google_secret_manager_secret.webhook.id
    runner_manager_secret  = google_secret_manager_secret.manager.id
    task_signing_key       = google_secret_manager_secret.task_signing_key.id
    codemagic_token        = one(google_secret_manager_secret.codemagic_token[*].id)
  }
}

output "runner_templates" {
  description = "Names of the instance templates, by region."
  value = {
    for region in distinct([for template in values(local.runner_templates) : template.region]) :
    region => [for template in values(local.runner_templates) : template.name if template.region == region]
  }
}

output "cloud_run_jobs" {
  description = "Full names of the Cloud Run jobs that were created for runners, by name."
  value       = { for name, job in google_cloud_run_v2_job.runner : name => job.id }
}

output "docker_hosts" {
  description = "Docker hosts that were created, by VM: the host's name in the pools, its zone, the secret for its token and its service account."
  value = {
    for name, vm in local.docker_hosts : name => {
      host            = vm.host
      zone            = vm.zone
      token_secret    = google_secret_manager_secret.host_token[name].id
      service_account = google_service_account.docker_host[name].email
    }
  }
}

output "network" {
  description = "Id of the network that was created for runners; null if all regions have a subnetwork."
  value       = one(google_compute_network.runners[*].id)
}

output "next_steps" {
  description = "The steps to do by hand, in order."
  value       = local.next_steps
}
