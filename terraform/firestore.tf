# By default a named database of the deployment: another program may use (default), of which a project has only one.
resource "google_firestore_database" "state" {
  count = var.create_firestore_database ? 1 : 0

  project     = var.project
  name        = coalesce(var.firestore_database, "${var.deployment}-state")
  location_id = coalesce(var.firestore_location, var.region)
  type        = "FIRESTORE_NATIVE"

  # DELETE: when the protection is off, a destroy deletes the database. The provider's default would only remove it from the state.
  deletion_policy         = "DELETE"
  delete_protection_state = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"

  dynamic "cmek_config" {
    for_each = compact([module.fields.kms_keys.database])
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_project_service.required]
}

locals {
  # From the resource, so that dependent resources wait for the database.
  database = var.create_firestore_database ? google_firestore_database.state[0].name : var.firestore_database

  # Every collection of shared/store; each document has a field expireAt.
  collections = toset(["breakers", "containers", "deadletters", "facts", "hosts", "jobs", "keys", "locks", "runners", "slots", "standby", "usage", "vms"])

  # Maps that are never queried and grow with the fleet: every key would be indexed, and a document may have at most 40,000 index entries.
  unindexed = {
    sightings     = { collection = "locks", field = "sightings" }
    failed_events = { collection = "locks", field = "events" }
    hooks         = { collection = "locks", field = "hooks" }
    last_sweep    = { collection = "locks", field = "last" }
    task          = { collection = "deadletters", field = "body" }
    boots         = { collection = "facts", field = "boots" }
    downloads     = { collection = "facts", field = "downloads" }
    versions      = { collection = "facts", field = "inUse" }
    report        = { collection = "hosts", field = "report" }
    answer        = { collection = "keys", field = "answer" }
    usage         = { collection = "usage", field = "rows" }
    counted_vms   = { collection = "usage", field = "vms" }
  }

  # Indexes for queries of equality with an order on another field. Queries of equality alone (spare runners, free slots of a pool) merge the
  # automatic indexes and need none.
  indexes = {
    # The oldest job of a pool that still needs a runner.
    open_jobs = { collection = "jobs", fields = ["pool", "demand", "queuedAt"] }
    # Ended runners in the order of their end, for the sweep's count of usage.
    ended_runners = { collection = "runners", fields = ["state", "stateAt"] }
    # The oldest queued jobs of all pools, which /status shows.
    queued_jobs = { collection = "jobs", fields = ["status", "queuedAt"] }
    # The jobs that ended of late, which /status shows.
    ended_jobs = { collection = "jobs", fields = ["status", "updatedAt"] }
  }
}

# An empty ttl_config turns the TTL policy on; an empty index_config turns the field's own indexes off, which writes in the
# order of time would make hot.
resource "google_firestore_field" "expiry" {
  for_each = local.collections

  project    = var.project
  database   = local.database
  collection = each.key
  field      = "expireAt"

  ttl_config {}
  index_config {}
}

# A single-field exemption of a map applies to all its keys.
resource "google_firestore_field" "unindexed" {
  for_each = local.unindexed

  project    = var.project
  database   = local.database
  collection = each.value.collection
  field      = each.value.field

  index_config {}
}

resource "google_firestore_index" "index" {
  for_each = local.indexes

  project     = var.project
  database    = local.database
  collection  = each.value.collection
  query_scope = "COLLECTION"

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value
      order      = "ASCENDING"
    }
  }
}
