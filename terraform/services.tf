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
  ], var.tracing ? ["cloudtrace.googleapis.com"] : []))
}

# Stays on after a destroy: others in the project may use it.
resource "google_project_service" "required" {
  for_each = local.services

  project            = var.project
  service            = each.key
  disable_on_destroy = false
}

# Apart from the others, so that a service added to the list does not put off the reading of the project: its number is in
# the functions' URLs, and they would all plan as changed.
resource "google_project_service" "resource_manager" {
  project            = var.project
  service            = "cloudresourcemanager.googleapis.com"
  disable_on_destroy = false
}

data "google_project" "this" {
  project_id = var.project
  depends_on = [google_project_service.resource_manager]
}
