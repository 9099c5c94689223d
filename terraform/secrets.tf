# Values never enter the state. The App's id, its private key and the secret of the function api are empty containers: the page /setup fills in
# the first two, gcloud the third (output next_steps); they are read at run time, and rotated without a deployment.
locals {
  with_token = var.github_auth == "token"
  # Whether the App's id is a secret.
  has_app_id = !local.with_token && var.github_app_id == null
}

resource "google_secret_manager_secret" "app_id" {
  count = local.has_app_id ? 1 : 0

  project   = var.project
  secret_id = "${var.deployment}-github-app-id"
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

resource "google_secret_manager_secret" "app_private_key" {
  count = local.with_token ? 0 : 1

  project   = var.project
  secret_id = "${var.deployment}-github-app-private-key"
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

# In place of the App.
resource "google_secret_manager_secret" "github_token" {
  count = local.with_token ? 1 : 0

  project   = var.project
  secret_id = "${var.deployment}-github-token"
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

resource "google_secret_manager_secret" "manager" {
  project   = var.project
  secret_id = "${var.deployment}-runner-manager-secret"
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

resource "google_secret_manager_secret" "webhook" {
  project   = var.project
  secret_id = "${var.deployment}-github-webhook-secret"
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

# The key that signs the tasks of the queues, so that a task does not depend on IAM alone. Only the functions read it.
resource "google_secret_manager_secret" "task_signing_key" {
  project   = var.project
  secret_id = "${var.deployment}-task-signing-key"
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

# The token of CodeMagic's API, for pools of type codemagic. Empty, as the App's private key: its value is added with gcloud.
resource "google_secret_manager_secret" "codemagic_token" {
  count = local.has_codemagic ? 1 : 0

  project   = var.project
  secret_id = "${var.deployment}-codemagic-token"
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

# webhook gets its secrets as files (no client library, so a fast start), and Cloud Run refuses to deploy a service whose
# secret has no version yet. So the first versions are created here, at random. The argument is write-only: the value is sent to Secret
# Manager and into no plan and no state. uuid() has 122 random bits; it is called anew in each plan, but only a new
# secret_data_wo_version would send it again.
resource "google_secret_manager_secret_version" "webhook" {
  count = var.seed_webhook_secret ? 1 : 0

  secret                 = google_secret_manager_secret.webhook.id
  secret_data_wo         = sha256("${uuid()}${uuid()}")
  secret_data_wo_version = 1
  deletion_policy        = "ABANDON" # goes with its secret, and not before

  lifecycle {
    # Versions are rotated outside of Terraform, so Terraform ignores whether this version is enabled.
    ignore_changes = [enabled]
  }
}

resource "google_secret_manager_secret_version" "task_signing_key" {
  count = var.seed_task_signing_key ? 1 : 0

  secret                 = google_secret_manager_secret.task_signing_key.id
  secret_data_wo         = sha256("${uuid()}${uuid()}")
  secret_data_wo_version = 1
  deletion_policy        = "ABANDON"

  lifecycle {
    ignore_changes = [enabled]
  }
}
