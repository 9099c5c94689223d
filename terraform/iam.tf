# Who may do what. Each grant is on the narrowest possible resource; a grant on the project has a condition if the
# names of the resources are known.
locals {
  # Roles in the project.
  granted = {
    webhook   = []
    provision = concat(["store", "find_vms", "create_vms", "delete_vms"], local.attaching)
    stop      = ["store", "find_vms", "delete_vms"]
    sweep     = ["store", "find_vms", "list_vms", "find_preemptions", "delete_vms"]
    api       = ["store", "find_vms", "list_vms", "read_consoles", "delete_vms", "check_places"]
  }
  attaching = length(local.runner_accounts) > 0 ? ["attach_accounts"] : []

  # Service accounts with which runners' VMs are made: of templates that are made here, and of others.
  runner_accounts = setunion(var.runner_service_accounts, [for template in values(module.fields.runner_templates) : template.service_account if template.service_account != null])
  # provision creates VMs, sweep those that are held ready.
  creators = local.has_standby ? ["provision", "sweep"] : ["provision"]
  attached_accounts = merge([
    for function in local.creators : {
      for email in local.runner_accounts : "${function}/${email}" => {
        function = function
        email    = email
        project  = try(regex("@([a-z0-9-]+)\\.iam\\.", email)[0], "")
      }
    }
  ]...)
  # With standby VMs, which are named like runners. Their JIT config is metadata: create_vms has that.
  granted_for_standby = !local.has_standby ? {} : {
    provision = ["start_runners"]
    stop      = ["stop_runners"]
    sweep     = concat(["create_vms", "start_runners", "stop_runners"], local.attaching)
  }
  # Roles on the VMs of pools of type gce-vm and of Docker hosts, and on no other VM.
  granted_on_vms = {
    provision = ["start_vms"]
    stop      = ["start_vms", "stop_vms"]
    sweep     = ["start_vms", "stop_vms"]
    api       = ["start_vms", "stop_vms"]
  }
  # Roles on the Cloud Run jobs of the pools, and on no other job.
  granted_on_jobs = {
    provision = ["read_jobs", "run_jobs", "find_runs", "end_runs"]
    stop      = ["find_runs", "end_runs"]
    sweep     = ["find_runs", "end_runs"]
    api       = ["read_jobs", "find_runs", "end_runs"]
  }

  grants = merge([
    for function, roles in local.granted : {
      for role in concat(roles, lookup(local.granted_for_standby, function, []), var.tracing ? ["trace"] : []) : "${function}/${role}" => { function = function, role = role }
    }
  ]...)

  vm_grants = merge(flatten([
    for vm_key, vm in merge(local.pool_vms, local.host_vms) : [
      for function, roles in local.granted_on_vms : {
        for role in roles : "${vm_key}/${function}/${role}" => { vm = vm, function = function, role = role }
      }
    ]
  ])...)

  job_grants = merge(flatten([
    for job_key, job in local.granted_jobs : [
      for function, roles in local.granted_on_jobs : {
        for role in roles : "${job_key}/${function}/${role}" => { job = job, function = function, role = role }
      }
    ]
  ])...)

  only_own_vms = {
    title      = "only VMs named ${var.deployment}-"
    expression = "resource.name.extract(\"/instances/{name}\").startsWith(\"${var.deployment}-\")"
  }
  only_own_creations = {
    title      = "of VMs only those named ${var.deployment}-"
    expression = "resource.type != \"compute.googleapis.com/Instance\" || ${local.only_own_vms.expression}"
  }
  conditions = {
    store = {
      title      = "only this database"
      expression = "resource.name == \"projects/${var.project}/databases/${local.database}\""
    }
    # Runners are named <deployment>-<pool>-..: a fault in the code cannot delete VMs with other names, or show their consoles.
    delete_vms    = local.only_own_vms
    read_consoles = local.only_own_vms
    start_runners = local.only_own_vms
    stop_runners  = local.only_own_vms
    # Without it, the right to set metadata would be one to put a startup script into any VM of the project. What is no VM passes: an insert
    # also asks about the project, the template, the disks (whose names a template of somebody else may give), the image and the subnetwork.
    # https://docs.cloud.google.com/iam/docs/configuring-resource-based-access
    create_vms      = local.only_own_creations
    attach_accounts = local.only_own_creations
  }

  # Every function creates tasks in both queues: webhook for events, the other functions for further steps.
  enqueuers = merge([
    for function in keys(local.functions) : {
      for queue in keys(local.queues) : "${function}/${queue}" => { function = function, queue = queue }
    }
  ]...)

  # Which function reads which secret at run time.
  secret_readers = merge(
    {
      for function in ["provision", "stop", "sweep", "api"] :
      "${function}/app_private_key" => { function = function, secret = google_secret_manager_secret.app_private_key[0].secret_id } if !local.with_token
    },
    {
      for function in ["provision", "stop", "sweep", "api"] :
      "${function}/github_token" => { function = function, secret = google_secret_manager_secret.github_token[0].secret_id } if local.with_token
    },
    {
      for function in ["provision", "stop", "sweep", "api"] :
      "${function}/task_signing_key" => { function = function, secret = google_secret_manager_secret.task_signing_key.secret_id }
    },
    {
      for function in ["provision", "stop", "sweep", "api"] :
      "${function}/app_id" => { function = function, secret = google_secret_manager_secret.app_id[0].secret_id } if local.has_app_id
    },
    # provision starts builds, stop and sweep cancel them, sweep lists them, api cancels them as people ask and checks the token.
    {
      for function in(local.has_codemagic ? ["provision", "stop", "sweep", "api"] : []) :
      "${function}/codemagic_token" => { function = function, secret = one(google_secret_manager_secret.codemagic_token[*].secret_id) }
    },
    { "api/manager" = { function = "api", secret = google_secret_manager_secret.manager.secret_id } },
  )
}

locals {
  # Whether the page /setup makes the App.
  setup = var.setup && local.has_app_id && var.webhooks == "on"

  # What it fills in.
  secrets_of_setup = local.setup ? {
    app_id          = google_secret_manager_secret.app_id[0].secret_id
    app_private_key = google_secret_manager_secret.app_private_key[0].secret_id
    webhook         = google_secret_manager_secret.webhook.secret_id
  } : {}
}

# Without the right to read: of these, api reads the App's id and key by read_secret, and the webhook secret never.
resource "google_secret_manager_secret_iam_member" "add_version" {
  for_each = local.secrets_of_setup

  project   = var.project
  secret_id = each.value
  role      = google_project_iam_custom_role.role["add_secret_version"].id
  member    = google_service_account.function["api"].member
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

resource "google_compute_instance_iam_member" "function" {
  for_each = local.vm_grants

  project       = var.project
  zone          = each.value.vm.zone
  instance_name = each.value.vm.name
  role          = google_project_iam_custom_role.role[each.value.role].id
  member        = google_service_account.function[each.value.function].member

  # A VM that is not created here has to exist already.
  depends_on = [module.docker_host_vms, module.persistent_vms]

  lifecycle {
    precondition {
      condition     = each.value.vm.zone != ""
      error_message = "Found no zone for the persistent VM ${each.value.vm.name}, expected one in its pool, or the variable zone as default for all."
    }
  }
}

resource "google_cloud_run_v2_job_iam_member" "function" {
  for_each = local.job_grants

  project  = var.project
  location = each.value.job.region
  name     = each.value.job.name
  role     = google_project_iam_custom_role.role[each.value.role].id
  member   = google_service_account.function[each.value.function].member

  # A job that is not created here has to exist already.
  depends_on = [google_cloud_run_v2_job.runner]
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = local.enqueuers

  project  = var.project
  location = var.region
  name     = google_cloud_tasks_queue.queue[each.value.queue].name
  role     = google_project_iam_custom_role.role["enqueue"].id
  member   = google_service_account.function[each.value.function].member
}

# For GET /doctor.
resource "google_cloud_tasks_queue_iam_member" "checker" {
  for_each = local.queues

  project  = var.project
  location = var.region
  name     = google_cloud_tasks_queue.queue[each.key].name
  role     = google_project_iam_custom_role.role["check_queue"].id
  member   = google_service_account.function["api"].member
}

# Only an account that may act as the tasks' account can create a task with an OIDC token of that account.
resource "google_service_account_iam_member" "act_as_tasks" {
  for_each = local.functions

  service_account_id = google_service_account.tasks.id
  role               = google_project_iam_custom_role.role["act_as"].id
  member             = google_service_account.function[each.key].member
}

# To create a VM with a service account, an account has to be one that may act as it: what it could do anyway on such a VM.
resource "google_service_account_iam_member" "act_as_runner" {
  for_each = local.attached_accounts

  service_account_id = "projects/${each.value.project}/serviceAccounts/${each.value.email}"
  # A custom role holds in the project in which it was made.
  role   = each.value.project == var.project ? google_project_iam_custom_role.role["act_as"].id : "roles/iam.serviceAccountUser"
  member = google_service_account.function[each.value.function].member
}

resource "google_secret_manager_secret_iam_member" "mount_secret" {
  for_each = local.has_webhook ? local.webhook_files : {}

  project   = var.project
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor" # the role that Cloud Run asks for when it deploys a secret volume
  member    = google_service_account.function["webhook"].member
}

resource "google_secret_manager_secret_iam_member" "read_secret" {
  for_each = local.secret_readers

  project   = var.project
  secret_id = each.value.secret
  role      = google_project_iam_custom_role.role["read_secret"].id
  member    = google_service_account.function[each.value.function].member
}
