output "webhook_url" {
  description = "Where GitHub sends `workflow_job` events: the webhook URL of the App."
  value       = google_cloudfunctions2_function.function["webhook"].service_config[0].uri
}

output "function_urls" {
  description = "URL of each function; for provision and stop also the audience of their OIDC tokens."
  value       = local.urls
}

output "queues" {
  description = "Full names of the queues, by function."
  value       = { for name, queue in google_cloud_tasks_queue.queue : name => queue.id }
}

output "service_accounts" {
  description = "E-mail of each function's service account, and of the tasks'. Grant a function more here if a template of your own needs it."
  value = merge(
    { for name, account in google_service_account.function : name => account.email },
    { tasks = google_service_account.tasks.email },
  )
}

output "firestore_database" {
  description = "Id of the database."
  value       = google_firestore_database.state.name
}

output "secrets" {
  description = "Resource names of the secrets. Never their values."
  value = {
    github_app_private_key = google_secret_manager_secret.app_private_key.id
    github_webhook_secret  = google_secret_manager_secret.webhook.id
  }
}

output "next_steps" {
  description = "What is left to do by hand, in order."
  value       = <<-TEXT
    1. Store the private key of the GitHub App ${var.github_app_id} (its settings page, "Generate a private key"):
         gcloud secrets versions add ${google_secret_manager_secret.app_private_key.secret_id} --project=${var.project} --data-file=KEY.pem
    2. Show the webhook secret, which was made at random:
         gcloud secrets versions access latest --secret=${google_secret_manager_secret.webhook.secret_id} --project=${var.project}
       To use one of your own instead:
         printf %s 'SECRET' | gcloud secrets versions add ${google_secret_manager_secret.webhook.secret_id} --project=${var.project} --data-file=-
    3. In the settings of the App, set the webhook URL and that secret, and subscribe to the event "Workflow job":
         ${google_cloudfunctions2_function.function["webhook"].service_config[0].uri}
    4. Install the App on the repositories of the pools. Its "Recent deliveries" page then shows a ping that was answered 200.
  TEXT
}
