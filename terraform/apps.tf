# The Apps that share the load of the first one. Their keys never enter the state: each has an empty secret, which gcloud fills in.
locals {
  more_apps = { for app in module.fields.github_apps : app.app_id => app }

  github_apps = length(module.fields.github_apps) == 0 ? null : jsonencode([
    for app in module.fields.github_apps : merge(
      { appId = tonumber(app.app_id), privateKey = google_secret_manager_secret.more_app_key[app.app_id].id },
      { for name, value in { installationId = app.installation_id } : name => tonumber(value) if value != null },
    )
  ])

  # Who registers, deregisters and looks at runners.
  more_app_readers = merge([
    for id in keys(local.more_apps) : {
      for function in ["provision", "stop", "sweep", "api"] : "${function}/${id}" => { function = function, app = id }
    }
  ]...)

  more_app_steps = length(module.fields.github_apps) == 0 ? "" : <<-TEXT
    For the Apps of github_apps: give each the permissions of the first App and no webhook, install it where the first one is installed, and store its key:
    ${join("\n", [for id in keys(local.more_apps) : "     gcloud secrets versions add ${google_secret_manager_secret.more_app_key[id].secret_id} --project=${var.project} --data-file=KEY-OF-${id}.pem"])}
  TEXT
}

resource "google_secret_manager_secret" "more_app_key" {
  for_each = local.more_apps

  project   = var.project
  secret_id = "${var.deployment}-github-app-${each.key}-private-key"
  labels    = local.labels

  replication {
    auto {
      dynamic "customer_managed_encryption" {
        for_each = compact([module.fields.kms_keys.secrets])
        content {
          kms_key_name = customer_managed_encryption.value
        }
      }
    }
  }

  depends_on = [google_project_service.required]
}

resource "google_secret_manager_secret_iam_member" "read_more_app_key" {
  for_each = local.more_app_readers

  project   = var.project
  secret_id = google_secret_manager_secret.more_app_key[each.value.app].secret_id
  role      = google_project_iam_custom_role.role["read_secret"].id
  member    = google_service_account.function[each.value.function].member
}

output "github_app_keys" {
  description = "Resource names of the secrets of the keys of github_apps, by the App's id."
  value       = { for id, secret in google_secret_manager_secret.more_app_key : id => secret.id }
}
