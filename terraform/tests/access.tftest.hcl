# Who may do what. `terraform test` needs no cloud: the provider is mocked, and each computed value is a random string of its
# own, so that two accounts are told apart.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project       = "acme-runners"
  region        = "us-central1"
  github_app_id = "12345"
  pools         = "{pools: [{name: arm, repo: acme/app, requires: [self-hosted], provider: {type: gce, template: runner-arm64, region: us-central1}}, {name: gpu, repo: acme/app, requires: [gpu], provider: {type: gce-vm, instance: gpu-1, zone: us-central1-b}}]}"
  bundles       = "./tests/bundles"
}

run "callers" {
  assert {
    condition     = [for name, grant in google_cloud_run_service_iam_member.invoker : name if grant.member == "allUsers"] == ["webhook"]
    error_message = "webhook, and no other function, is open to all"
  }

  assert {
    condition = alltrue([
      for name in ["provision", "stop", "sweep"] : google_cloud_run_service_iam_member.invoker[name].member == google_service_account.tasks.member
    ])
    error_message = "provision, stop and sweep let in the account of tasks and scheduler only"
  }

  assert {
    condition     = alltrue([for grant in google_cloud_run_service_iam_member.invoker : grant.role == "roles/run.invoker"])
    error_message = "a gen2 function is opened by the role of Cloud Run"
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.function :
      function.service_config[0].ingress_settings == (contains(["webhook", "api"], name) ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY")
    ])
    error_message = "only webhook and api are reached from the internet"
  }

  assert {
    condition     = length(google_cloud_run_service_iam_member.api_caller) == 0 && !contains(keys(google_cloud_run_service_iam_member.invoker), "api")
    error_message = "nobody calls api who was not named"
  }
}

run "subjects_for_aws" {
  assert {
    condition     = keys(output.aws_subjects) == ["api", "provision", "stop", "sweep"]
    error_message = "webhook and the tasks' account do not reach AWS"
  }

  assert {
    condition     = alltrue([for name, id in output.aws_subjects : id == google_service_account.function[name].unique_id])
    error_message = "AWS knows an account by its unique id"
  }
}

run "callers_of_the_api" {
  command = plan
  variables {
    api_callers = ["user:me@example.com"]
  }

  assert {
    condition     = [for grant in google_cloud_run_service_iam_member.api_caller : grant.member] == ["user:me@example.com"]
    error_message = "who is named calls api"
  }
}

run "a_public_api" {
  command = plan
  variables {
    api_public = true
  }

  assert {
    condition     = [for name, grant in google_cloud_run_service_iam_member.invoker : name if grant.member == "allUsers"] == ["api", "webhook"]
    error_message = "api_public opens api, and no private function"
  }
}

run "scheduler" {
  assert {
    condition = (
      google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].service_account_email == google_service_account.tasks.email &&
      google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].audience == local.urls["sweep"] &&
      google_cloud_scheduler_job.sweep.http_target[0].uri == local.urls["sweep"]
    )
    error_message = "the scheduler comes as the account that sweep lets in, with sweep's URL as audience"
  }

  assert {
    condition     = google_cloudfunctions2_function.function["sweep"].service_config[0].environment_variables["SWEEP_URL"] == local.urls["sweep"]
    error_message = "sweep expects the audience that the scheduler sends"
  }

  assert {
    condition = (
      tonumber(trimsuffix(google_cloud_scheduler_job.sweep.attempt_deadline, "s")) > google_cloudfunctions2_function.function["sweep"].service_config[0].timeout_seconds &&
      google_cloudfunctions2_function.function["sweep"].service_config[0].timeout_seconds > tonumber(google_cloudfunctions2_function.function["sweep"].service_config[0].environment_variables["SWEEP_BUDGET_SECONDS"])
    )
    error_message = "the budget ends before the function, and the function before the scheduler's patience"
  }
}

run "a_fast_sweep" {
  command = plan
  variables {
    sweep_interval_seconds = 10
  }

  assert {
    condition     = google_cloud_scheduler_job.sweep.schedule == "* * * * *"
    error_message = "the scheduler calls each minute, and the sweep plans the runs in between"
  }

  assert {
    condition = alltrue([
      for name in ["sweep", "api"] : google_cloudfunctions2_function.function[name].service_config[0].environment_variables["SWEEP_INTERVAL_SECONDS"] == "10"
    ])
    error_message = "sweep works by the interval, and api shows it"
  }

  assert {
    condition = (
      google_cloud_tasks_queue_iam_member.enqueuer["sweep/stop"].member == google_service_account.function["sweep"].member &&
      google_cloud_run_service_iam_member.invoker["sweep"].member == google_service_account.tasks.member
    )
    error_message = "the sweep may put its runs into the stop queue, whose account may call it"
  }
}

run "a_slow_sweep" {
  command = plan
  variables {
    sweep_interval_seconds = 600
  }

  assert {
    condition     = google_cloud_scheduler_job.sweep.schedule == "*/10 * * * *"
    error_message = "the scheduler keeps the interval"
  }
}

run "a_sweep_each_hour" {
  command = plan
  variables {
    sweep_interval_seconds = 3600
  }

  assert {
    condition     = google_cloud_scheduler_job.sweep.schedule == "0 * * * *"
    error_message = "60 minutes are no step of cron"
  }
}

run "a_schedule_of_its_own" {
  command = plan
  variables {
    sweep_schedule = "*/5 6-20 * * 1-5"
  }

  assert {
    condition     = google_cloud_scheduler_job.sweep.schedule == "*/5 6-20 * * 1-5"
    error_message = "sweep_schedule rules over the interval"
  }
}

run "identities" {
  assert {
    condition = length(distinct(concat(
      [for account in google_service_account.function : account.account_id],
      [google_service_account.tasks.account_id, google_service_account.builder.account_id],
    ))) == 7
    error_message = "each function, the tasks and the builds have an account of their own"
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.function :
      function.service_config[0].service_account_email == google_service_account.function[name].email
    ])
    error_message = "each function runs as its own account, none as a default account"
  }

  assert {
    condition     = alltrue([for role in google_project_iam_custom_role.role : !strcontains(join(" ", role.permissions), "*")])
    error_message = "custom roles list their permissions"
  }

  assert {
    condition     = toset([for key in keys(google_project_iam_member.function) : split("/", key)[0]]) == toset(["api", "provision", "stop", "sweep"])
    error_message = "webhook has no role in the project: it can create tasks and read its secret"
  }

  assert {
    condition     = [for key in keys(google_project_iam_member.function) : key if endswith(key, "/create_vms")] == ["provision/create_vms"]
    error_message = "provision creates VMs for jobs, and nobody else"
  }

  assert {
    condition = alltrue([
      for key, grant in google_project_iam_member.function :
      grant.condition[0].expression == "resource.type != \"compute.googleapis.com/Instance\" || resource.name.extract(\"/instances/{name}\").startsWith(\"slipway-\")"
      if endswith(key, "/create_vms")
    ])
    error_message = "the metadata of no other VM can be set, which could be a startup script"
  }

  # Whatever changes a VM or shows what is on it.
  assert {
    condition = alltrue([
      for key, grant in google_project_iam_member.function : length(grant.condition) == 1
      if anytrue([
        for permission in google_project_iam_custom_role.role[split("/", key)[1]].permissions :
        can(regex("^compute\\.instances\\.(create|delete|get[SG]|reset|resume|set|start|stop|suspend|update)", permission))
      ])
    ])
    error_message = "no VM of another name can be changed, or read inside"
  }

  assert {
    condition     = [for key in keys(google_project_iam_member.function) : key if endswith(key, "/check_places")] == ["api/check_places"]
    error_message = "api alone looks at templates and quotas for its doctor"
  }

  assert {
    condition     = alltrue([for permission in google_project_iam_custom_role.role["check_places"].permissions : endswith(permission, ".get")])
    error_message = "the doctor reads, and changes nothing"
  }

  assert {
    condition     = google_cloudfunctions2_function.function["api"].service_config[0].environment_variables["WEBHOOK_URL"] == local.urls["webhook"]
    error_message = "the doctor knows where GitHub has to deliver"
  }

  assert {
    condition     = alltrue([for grant in google_service_account_iam_member.act_as_tasks : grant.service_account_id == google_service_account.tasks.id])
    error_message = "nobody may act as another account than the tasks'"
  }

  assert {
    condition = alltrue([
      for key, grant in google_project_iam_member.function :
      grant.condition[0].expression == "resource.name.extract(\"/instances/{name}\").startsWith(\"slipway-\")"
      if anytrue([for role in ["delete_vms", "read_consoles", "start_runners", "stop_runners"] : endswith(key, "/${role}")])
    ])
    error_message = "only this deployment's VMs can be deleted, started and stopped, and their consoles read"
  }

  assert {
    condition = (
      [for key in keys(google_project_iam_member.function) : key if endswith(key, "/read_consoles")] == ["api/read_consoles"] &&
      [for name, role in google_project_iam_custom_role.role : name if contains(role.permissions, "compute.instances.getSerialPortOutput")] == ["read_consoles"]
    )
    error_message = "api alone reads the serial port of a VM, for /explain"
  }

  assert {
    condition = alltrue([
      for key, grant in google_project_iam_member.function :
      grant.condition[0].expression == "resource.name == \"projects/acme-runners/databases/slipway-state\""
      if endswith(key, "/store")
    ])
    error_message = "only this deployment's database can be read"
  }

  assert {
    condition = (
      length(google_compute_instance_iam_member.function) > 0 &&
      alltrue([for grant in google_compute_instance_iam_member.function : grant.instance_name == "gpu-1" && grant.zone == "us-central1-b"])
    )
    error_message = "only VMs that a pool names are started and stopped"
  }

  assert {
    condition = alltrue([
      for key, grant in google_project_iam_member.function :
      !contains([google_project_iam_custom_role.role["start_vms"].id, google_project_iam_custom_role.role["stop_vms"].id], grant.role)
    ])
    error_message = "nobody starts or stops VMs in the whole project"
  }
}

run "standby" {
  command = plan
  variables {
    pools = "{pools: [{name: arm, repo: acme/app, requires: [self-hosted], standby: {stopped: 2}, provider: {type: gce, template: runner-x64, region: us-central1}}]}"
  }

  assert {
    condition = (
      [for key in keys(google_project_iam_member.function) : key if endswith(key, "_runners") || endswith(key, "/create_vms")] ==
      ["provision/create_vms", "provision/start_runners", "stop/stop_runners", "sweep/create_vms", "sweep/start_runners", "sweep/stop_runners"]
    )
    error_message = "provision starts VMs that were made ahead, stop suspends them, sweep makes them and does both"
  }

  assert {
    condition = alltrue([
      for key, grant in google_project_iam_member.function :
      grant.condition[0].expression == "resource.name.extract(\"/instances/{name}\").startsWith(\"slipway-\")" if endswith(key, "_runners")
    ])
    error_message = "only this deployment's VMs are started and suspended"
  }
}

run "no_standby" {
  command = plan

  assert {
    condition     = length([for key in keys(google_project_iam_member.function) : key if endswith(key, "_runners") || key == "sweep/create_vms"]) == 0
    error_message = "without a pool that holds VMs ready nobody may start or suspend VMs by their name"
  }
}

run "secrets" {
  assert {
    condition = alltrue([
      for version in concat(google_secret_manager_secret_version.webhook, google_secret_manager_secret_version.task_signing_key) :
      version.secret_data == null && version.secret_data_wo == null
    ])
    error_message = "no secret has a value in the state"
  }

  assert {
    condition = (
      keys(google_secret_manager_secret_iam_member.mount_secret) == ["task_signing_key", "webhook_secret"] &&
      alltrue([for grant in google_secret_manager_secret_iam_member.mount_secret : grant.member == google_service_account.function["webhook"].member])
    )
    error_message = "webhook alone reads the webhook secret, and the key that signs tasks as a file"
  }

  assert {
    condition = keys(google_secret_manager_secret_iam_member.read_secret) == [
      "api/app_private_key", "api/manager", "api/task_signing_key",
      "provision/app_private_key", "provision/task_signing_key",
      "stop/app_private_key", "stop/task_signing_key",
      "sweep/app_private_key", "sweep/task_signing_key",
    ]
    error_message = "webhook cannot read the App's private key, and api alone reads its own secret"
  }

  assert {
    condition     = length(google_secret_manager_secret.codemagic_token) == 0
    error_message = "without a pool of type codemagic there is no secret for its token"
  }

  assert {
    condition     = google_storage_bucket.bundles.public_access_prevention == "enforced" && google_storage_bucket.bundles.uniform_bucket_level_access
    error_message = "the bucket of the bundles cannot be made public"
  }
}

run "the_token_of_codemagic" {
  variables {
    pools = "{pools: [{repo: acme/ios, requires: [macos], jobMinutes: 110, provider: {type: codemagic, app: 5c9c064185dd2310123b8e96, workflow: github-runner, team: 60aa00000000000000000001}}]}"
  }

  assert {
    condition     = google_secret_manager_secret.codemagic_token[0].secret_id == "slipway-codemagic-token"
    error_message = "a pool of type codemagic has a secret for its token"
  }

  assert {
    condition = [
      for name, grant in google_secret_manager_secret_iam_member.read_secret : name if grant.secret_id == "slipway-codemagic-token"
    ] == ["api/codemagic_token", "provision/codemagic_token", "stop/codemagic_token", "sweep/codemagic_token"]
    error_message = "only the functions that start, cancel, list or check builds read the token"
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.function :
      lookup(function.service_config[0].environment_variables, "CODEMAGIC_TOKEN", "none") == (name == "webhook" ? "none" : google_secret_manager_secret.codemagic_token[0].id)
    ])
    error_message = "these functions are told the token's name, not its value, and webhook is told nothing"
  }
}

run "an_app_that_exists" {
  assert {
    condition = (
      length(google_secret_manager_secret_iam_member.add_version) == 0 &&
      length(google_secret_manager_secret.app_id) == 0 &&
      google_cloudfunctions2_function.function["api"].service_config[0].environment_variables["GITHUB_APP_ID"] == "12345" &&
      !contains(keys(google_cloudfunctions2_function.function["api"].service_config[0].environment_variables), "GITHUB_WEBHOOK_SECRET")
    )
    error_message = "with an App that exists, nobody may write a secret"
  }
}

run "an_app_of_the_setup" {
  variables {
    github_app_id = null
  }

  assert {
    condition = (
      keys(google_secret_manager_secret_iam_member.add_version) == ["app_id", "app_private_key", "webhook"] &&
      alltrue([
        for grant in google_secret_manager_secret_iam_member.add_version :
        grant.member == google_service_account.function["api"].member && grant.role == google_project_iam_custom_role.role["add_secret_version"].id
      ]) &&
      google_project_iam_custom_role.role["add_secret_version"].permissions == toset(["secretmanager.versions.add"])
    )
    error_message = "api alone adds versions, to the three secrets of the App and to no other"
  }

  assert {
    condition = alltrue([
      for name in ["provision", "stop", "sweep", "api"] :
      google_cloudfunctions2_function.function[name].service_config[0].environment_variables["GITHUB_APP_ID"] == google_secret_manager_secret.app_id[0].id &&
      google_secret_manager_secret_iam_member.read_secret["${name}/app_id"].secret_id == google_secret_manager_secret.app_id[0].secret_id
    ])
    error_message = "the App's id is a secret that its readers may read"
  }

  assert {
    condition = (
      google_cloudfunctions2_function.function["api"].service_config[0].environment_variables["GITHUB_WEBHOOK_SECRET"] == google_secret_manager_secret.webhook.id &&
      google_cloudfunctions2_function.function["api"].service_config[0].environment_variables["API_URL"] == local.urls["api"] &&
      alltrue([for grant in google_secret_manager_secret_iam_member.read_secret : grant.secret_id != google_secret_manager_secret.webhook.secret_id])
    )
    error_message = "api knows the webhook secret by name, and cannot read it"
  }

  assert {
    condition     = strcontains(output.next_steps, "gcloud run services proxy slipway-api") && strcontains(output.next_steps, "http://localhost:8080/setup")
    error_message = "the steps lead to the page"
  }
}

run "an_app_by_hand" {
  command = plan
  variables {
    github_app_id = null
    setup         = false
  }

  assert {
    condition     = length(google_secret_manager_secret_iam_member.add_version) == 0 && !strcontains(output.next_steps, "/setup")
    error_message = "without the set-up nobody may write a secret"
  }

  assert {
    condition     = strcontains(output.next_steps, "Store its App ID as well")
    error_message = "the id is left to do by hand"
  }
}
