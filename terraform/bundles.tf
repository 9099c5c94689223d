# The functions' code. An object's name contains the hash of its content, so a function is deployed again if its own bundle
# has changed, and only then.
locals {
  bundles = coalesce(var.bundles, "${path.module}/../dist")
}

data "archive_file" "bundle" {
  for_each = local.functions

  type             = "zip"
  source_dir       = "${local.bundles}/${each.key}"
  output_path      = "${path.module}/.bundles/${var.deployment}-${each.key}.zip"
  output_file_mode = "0644" # the same hash on every machine, whatever its umask

  lifecycle {
    precondition {
      condition     = alltrue([for file in ["index.js", "package.json", "package-lock.json"] : fileexists("${local.bundles}/${each.key}/${file}")])
      error_message = "Found no index.js, package.json and package-lock.json in ${local.bundles}/${each.key}: run `npm run build` in the repository first."
    }
  }
}

resource "google_storage_bucket" "bundles" {
  project                     = var.project
  name                        = "${var.project}-${var.deployment}-code-${local.suffix}"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # holds nothing that `npm run build` would not make again

  dynamic "encryption" {
    for_each = compact([module.fields.kms_keys.bucket])
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.required]
}

resource "google_storage_bucket_object" "bundle" {
  for_each = local.functions

  bucket = google_storage_bucket.bundles.name
  name   = "${each.key}-${data.archive_file.bundle[each.key].output_sha256}.zip"
  source = data.archive_file.bundle[each.key].output_path

  lifecycle {
    create_before_destroy = true
  }
}
