locals {
  # The settings of each function that are not variables; module.fields.functions has its size.
  functions = merge(
    # Without webhooks nothing is open to the internet, unless api_public says so.
    { for name in ["webhook"] : name => { public = true, schedule = false } if local.has_webhook },
    {
      provision = { public = false, schedule = false }
      stop      = { public = false, schedule = false }
      sweep     = { public = false, schedule = true }
      api       = { public = var.api_public, schedule = false }
    },
  )
  has_webhook = var.webhooks == "on"

  # A function has instances for all requests that its queues send at once, and one more for the time of a deployment.
  max_instances = {
    for name, size in module.fields.functions :
    name => coalesce(size.max_instances, try(ceil(local.sent_to[name] / size.concurrency) + 1, 3))
  }
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local.functions

  project     = var.project
  location    = var.region
  name        = local.function_names[each.key]
  description = "Slipway ${each.key}"
  labels      = merge(local.labels, { slipway-function = each.key })

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
    available_cpu                    = module.fields.functions[each.key].cpu
    available_memory                 = module.fields.functions[each.key].memory
    timeout_seconds                  = module.fields.functions[each.key].timeout_seconds
    max_instance_request_concurrency = module.fields.functions[each.key].concurrency
    min_instance_count               = module.fields.functions[each.key].min_instances
    max_instance_count               = local.max_instances[each.key]
    # Cloud Tasks and Cloud Scheduler of the same project count as internal; requests from the internet are rejected before authentication.
    # https://docs.cloud.google.com/run/docs/securing/ingress
    ingress_settings              = contains(["webhook", "api"], each.key) ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    vpc_connector                 = one(module.fields.vpc_connector[*].name)
    vpc_connector_egress_settings = one(module.fields.vpc_connector[*].egress)
    environment_variables         = { for name, value in local.environments[each.key] : name => value if value != null }

    dynamic "secret_volumes" {
      for_each = merge(
        each.key == "webhook" ? local.webhook_files : {},
        var.ca_certificates == null ? {} : { ca_certificates = merge(local.ca_file, { secret = google_secret_manager_secret.ca_certificates[0].secret_id }) },
      )
      content {
        project_id = var.project
        secret     = secret_volumes.value.secret
        mount_path = secret_volumes.value.folder
        versions {
          version = "latest"
          path    = secret_volumes.value.file
        }
      }
    }
  }

  # Permissions, indexes and the secrets' first versions are created before the code that needs them. The indexes take minutes, and new
  # grants take minutes, too, before they work everywhere.
  depends_on = [
    google_cloud_tasks_queue_iam_member.enqueuer,
    google_firestore_field.expiry,
    google_firestore_index.index,
    google_project_iam_member.builder,
    google_project_iam_member.builder_source,
    google_project_iam_member.function,
    google_secret_manager_secret_iam_member.add_version,
    google_secret_manager_secret_iam_member.read_secret,
    google_secret_manager_secret_iam_member.mount_ca_certificates,
    google_secret_manager_secret_iam_member.mount_secret,
    google_secret_manager_secret_version.ca_certificates,
    google_secret_manager_secret_version.task_signing_key,
    google_secret_manager_secret_version.webhook,
    google_service_account_iam_member.act_as_tasks,
  ]
}
