# Who may do what. Grants are on the narrowest resource that takes one; those on the project carry a condition where the
# resource's name can be told.
locals {
  granted = {
    provision = ["store", "find_vms", "create_vms", "delete_vms"]
    stop      = ["store", "find_vms", "delete_vms"]
  }
  grants = merge([
    for function, roles in local.granted : {
      for role in roles : "${function}/${role}" => { function = function, role = role }
    }
  ]...)

  conditions = {
    store = {
      title      = "only this database"
      expression = "resource.name == \"projects/${var.project}/databases/${google_firestore_database.state.name}\""
    }
    # Runners are named <deployment>-<pool>-..: a fault in the code cannot delete anybody else's VM.
    delete_vms = {
      title      = "only VMs named ${var.deployment}-"
      expression = "resource.name.extract(\"/instances/{name}\").startsWith(\"${var.deployment}-\")"
    }
  }

  # Every function creates tasks in both queues: webhook for events, provision and stop for what follows from them.
  enqueuers = merge([
    for function in keys(local.functions) : {
      for queue in keys(local.queues) : "${function}/${queue}" => { function = function, queue = queue }
    }
  ]...)
}

resource "google_project_iam_member" "function" {
  for_each = local.grants

  project = var.project
  role    = google_project_iam_custom_role.role[each.value.role].id
  member  = google_service_account.function[each.value.function].member

  dynamic "condition" {
    for_each = try([local.conditions[each.value.role]], [])
    content {
      title      = condition.value.title
      expression = condition.value.expression
    }
  }
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = local.enqueuers

  project  = var.project
  location = var.region
  name     = google_cloud_tasks_queue.queue[each.value.queue].name
  role     = google_project_iam_custom_role.role["enqueue"].id
  member   = google_service_account.function[each.value.function].member
}

# A task that carries an OIDC token of the tasks' account may be created only by who may act as it.
resource "google_service_account_iam_member" "act_as_tasks" {
  for_each = local.functions

  service_account_id = google_service_account.tasks.id
  role               = google_project_iam_custom_role.role["act_as"].id
  member             = google_service_account.function[each.key].member
}

resource "google_secret_manager_secret_iam_member" "webhook_secret" {
  project   = var.project
  secret_id = google_secret_manager_secret.webhook.secret_id
  role      = "roles/secretmanager.secretAccessor" # the role that Cloud Run asks for when it deploys a secret volume
  member    = google_service_account.function["webhook"].member
}

resource "google_secret_manager_secret_iam_member" "app_private_key" {
  for_each = toset(["provision", "stop"])

  project   = var.project
  secret_id = google_secret_manager_secret.app_private_key.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.key].member
}
