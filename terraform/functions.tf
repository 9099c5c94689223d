locals {
  functions = {
    # Answers within 10 s or the delivery is lost; a matrix is a burst of up to 256 jobs. Cloud Functions' default of one
    # request per instance would answer a part of it with 429.
    webhook = {
      public          = true
      concurrency     = 80
      timeout_seconds = 30
      min_instances   = var.webhook_min_instances
      max_instances   = 10
    }
    # Waits for Compute Engine most of the time. The time-out is below Cloud Tasks' dispatch deadline of 300 s (shared/tasks), so that an
    # attempt has ended before the next one begins.
    provision = {
      public          = false
      concurrency     = 10
      timeout_seconds = 240
      min_instances   = 0
      max_instances   = ceil(local.queues.provision.concurrent / 10) + 1
    }
    stop = {
      public          = false
      concurrency     = 10
      timeout_seconds = 240
      min_instances   = 0
      max_instances   = ceil(local.queues.stop.concurrent / 10) + 1
    }
  }
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local.functions

  project     = var.project
  location    = var.region
  name        = local.function_names[each.key]
  description = "Slipway ${each.key}"
  labels      = local.labels

  build_config {
    runtime         = "nodejs24"
    entry_point     = each.key
    service_account = google_service_account.builder.id

    source {
      storage_source {
        bucket = google_storage_bucket.bundles.name
        object = google_storage_bucket_object.bundle[each.key].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function[each.key].email
    available_cpu                    = "1" # the least that more than one request at a time is allowed with
    available_memory                 = "512Mi"
    timeout_seconds                  = each.value.timeout_seconds
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = each.value.min_instances
    max_instance_count               = each.value.max_instances
    # Cloud Tasks of the same project counts as internal; the internet does not even reach the sign-in.
    ingress_settings      = each.value.public ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    environment_variables = { for name, value in local.environments[each.key] : name => value if value != null }

    dynamic "secret_volumes" {
      for_each = each.key == "webhook" ? [google_secret_manager_secret.webhook.secret_id] : []
      content {
        project_id = var.project
        secret     = secret_volumes.value
        mount_path = local.webhook_secret_folder
        versions {
          version = "latest"
          path    = local.webhook_secret_file
        }
      }
    }
  }

  # Rights, indexes and the secret's first version before the code that needs them. The indexes take minutes, which new
  # grants need too before they work everywhere.
  depends_on = [
    google_cloud_tasks_queue_iam_member.enqueuer,
    google_firestore_field.expiry,
    google_firestore_index.open_jobs,
    google_project_iam_member.builder,
    google_project_iam_member.builder_source,
    google_project_iam_member.function,
    google_secret_manager_secret_iam_member.app_private_key,
    google_secret_manager_secret_iam_member.webhook_secret,
    google_secret_manager_secret_version.webhook,
    google_service_account_iam_member.act_as_tasks,
  ]
}
