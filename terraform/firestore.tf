# A named database of our own: (default) may be somebody else's, and there is only one of it.
resource "google_firestore_database" "state" {
  project     = var.project
  name        = coalesce(var.firestore_database, "${var.deployment}-state")
  location_id = coalesce(var.firestore_location, var.region)
  type        = "FIRESTORE_NATIVE"

  # DELETE: once the protection is off, a destroy leaves nothing behind. The provider's default would only forget it.
  deletion_policy         = "DELETE"
  delete_protection_state = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"

  depends_on = [google_project_service.required]
}

# An empty ttl_config turns the TTL policy on; an empty index_config turns the field's own indexes off, which writes in the
# order of time would make hot.
resource "google_firestore_field" "expiry" {
  for_each = toset(["breakers", "deadletters", "jobs", "keys", "runners", "slots"])

  project    = var.project
  database   = google_firestore_database.state.name
  collection = each.key
  field      = "expireAt"

  ttl_config {}
  index_config {}
}

# The oldest job of a pool that still needs a runner: equality with an order on another field. Queries of equality alone
# (spare runners, free slots of a pool) merge the automatic indexes and need none.
resource "google_firestore_index" "open_jobs" {
  project     = var.project
  database    = google_firestore_database.state.name
  collection  = "jobs"
  query_scope = "COLLECTION"

  fields {
    field_path = "pool"
    order      = "ASCENDING"
  }
  fields {
    field_path = "demand"
    order      = "ASCENDING"
  }
  fields {
    field_path = "queuedAt"
    order      = "ASCENDING"
  }
}
