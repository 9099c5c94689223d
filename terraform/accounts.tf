# One service account for each function, with only the permissions that the function needs.
resource "google_service_account" "function" {
  for_each = local.functions

  project      = var.project
  account_id   = "${var.deployment}-${each.key}"
  display_name = "Slipway ${each.key} (${var.deployment})"

  depends_on = [google_project_service.required]
}

# The identity of Cloud Tasks and Cloud Scheduler: provision, stop and sweep accept only OIDC tokens of this account. It has no other permission.
resource "google_service_account" "tasks" {
  project      = var.project
  account_id   = "${var.deployment}-tasks"
  display_name = "Slipway tasks (${var.deployment})"

  depends_on = [google_project_service.required]
}

# Builds the functions. The default, the account of Compute Engine, has too many permissions in old projects and too few in new ones.
# https://docs.cloud.google.com/build/docs/cloud-build-service-account-updates
resource "google_service_account" "builder" {
  project      = var.project
  account_id   = "${var.deployment}-builder"
  display_name = "Slipway builds (${var.deployment})"

  depends_on = [google_project_service.required]
}

# What Google requires of a build account: write the build's log, push the image, read the source.
# https://docs.cloud.google.com/functions/docs/securing/build-custom-sa
resource "google_project_iam_member" "builder" {
  for_each = toset(["roles/logging.logWriter", "roles/artifactregistry.writer"])

  project = var.project
  role    = each.key
  member  = google_service_account.builder.member
}

# Only for the bucket into which Cloud Functions copies sources: another bucket may hold Terraform's state.
resource "google_project_iam_member" "builder_source" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member

  condition {
    title      = "only sources of functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
  }
}
