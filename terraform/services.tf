locals {
  services = toset(concat([
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudscheduler.googleapis.com",
    "cloudtasks.googleapis.com",
    "compute.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ], var.tracing ? ["cloudtrace.googleapis.com", "telemetry.googleapis.com"] : []))
}

# The service stays enabled after a destroy, because others in the project may use it.
resource "google_project_service" "required" {
  for_each = local.services

  project            = var.project
  service            = each.key
  disable_on_destroy = false
}

# Separate from the other services, so that adding a service to the list does not delay reading the project until apply: its number is in
# the functions' URLs, and the plan would show all of them as changed.
resource "google_project_service" "resource_manager" {
  project            = var.project
  service            = "cloudresourcemanager.googleapis.com"
  disable_on_destroy = false
}

data "google_project" "this" {
  project_id = var.project
  depends_on = [google_project_service.resource_manager]
}
