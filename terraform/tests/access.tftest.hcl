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
  pools         = "{pools: [{name: arm, repo: acme/app, requires: [self-hosted], provider: {type: gce, template: t, region: us-central1}}]}"
  bundles       = "./tests/bundles"
  runner_templates = {
    runner-arm64 = { region = "us-central1", machine_type = "c4a-standard-4", image = "family/arm", disk_type = "hyperdisk-balanced" }
    runner-nat   = { region = "europe-west4", machine_type = "e2-standard-4", image = "family/x64", external_ip = false, subnetwork = "runners", max_run_hours = 2 }
  }
}

run "callers" {
  assert {
    condition     = [for name, grant in google_cloud_run_service_iam_member.invoker : name if grant.member == "allUsers"] == ["webhook"]
    error_message = "webhook, and no other function, is open to all"
  }

  assert {
    condition = alltrue([
      for name in ["provision", "stop"] : google_cloud_run_service_iam_member.invoker[name].member == google_service_account.tasks.member
    ])
    error_message = "provision and stop let in the tasks' account only"
  }

  assert {
    condition     = alltrue([for grant in google_cloud_run_service_iam_member.invoker : grant.role == "roles/run.invoker"])
    error_message = "a gen2 function is opened by the role of Cloud Run"
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.function :
      function.service_config[0].ingress_settings == (name == "webhook" ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY")
    ])
    error_message = "only webhook is reached from the internet"
  }
}

run "identities" {
  assert {
    condition = length(distinct(concat(
      [for account in google_service_account.function : account.account_id],
      [google_service_account.tasks.account_id, google_service_account.builder.account_id],
    ))) == 5
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
    condition     = toset([for key in keys(google_project_iam_member.function) : split("/", key)[0]]) == toset(["provision", "stop"])
    error_message = "webhook has no role in the project: it can create tasks and read its secret"
  }

  assert {
    condition     = !contains(keys(google_project_iam_member.function), "stop/create_vms")
    error_message = "stop cannot create VMs"
  }

  assert {
    condition     = alltrue([for grant in google_service_account_iam_member.act_as_tasks : grant.service_account_id == google_service_account.tasks.id])
    error_message = "nobody may act as another account than the tasks'"
  }

  assert {
    condition = alltrue([
      for grant in ["provision/delete_vms", "stop/delete_vms"] :
      google_project_iam_member.function[grant].condition[0].expression == "resource.name.extract(\"/instances/{name}\").startsWith(\"slipway-\")"
    ])
    error_message = "only this deployment's VMs can be deleted"
  }

  assert {
    condition = alltrue([
      for grant in ["provision/store", "stop/store"] :
      google_project_iam_member.function[grant].condition[0].expression == "resource.name == \"projects/acme-runners/databases/slipway-state\""
    ])
    error_message = "only this deployment's database can be read"
  }
}

run "secrets" {
  assert {
    condition     = alltrue([for version in google_secret_manager_secret_version.webhook : version.secret_data == null])
    error_message = "no secret has a value in the state"
  }

  assert {
    condition     = google_secret_manager_secret_iam_member.webhook_secret.member == google_service_account.function["webhook"].member
    error_message = "webhook alone reads the webhook secret"
  }

  assert {
    condition     = !contains(keys(google_secret_manager_secret_iam_member.app_private_key), "webhook")
    error_message = "webhook cannot read the App's private key"
  }

  assert {
    condition     = google_storage_bucket.bundles.public_access_prevention == "enforced" && google_storage_bucket.bundles.uniform_bucket_level_access
    error_message = "the bucket of the bundles cannot be made public"
  }
}

run "runner_templates" {
  assert {
    condition     = alltrue([for template in google_compute_region_instance_template.runner : length(template.service_account) == 0])
    error_message = "no runner has a service account, whose token each job could take"
  }

  assert {
    condition = alltrue([
      for template in google_compute_region_instance_template.runner :
      template.scheduling[0].instance_termination_action == "DELETE" && template.scheduling[0].max_run_duration[0].seconds > 0
    ])
    error_message = "every runner carries its own end"
  }

  assert {
    condition     = google_compute_region_instance_template.runner["runner-nat"].scheduling[0].max_run_duration[0].seconds == 7200
    error_message = "max_run_hours is in hours"
  }

  assert {
    condition = alltrue([
      for template in google_compute_region_instance_template.runner : template.metadata["block-project-ssh-keys"] == "true"
    ])
    error_message = "the project's SSH keys do not open runners"
  }

  assert {
    condition = (
      length(google_compute_region_instance_template.runner["runner-nat"].network_interface[0].access_config) == 0 &&
      length(google_compute_region_instance_template.runner["runner-arm64"].network_interface[0].access_config) == 1
    )
    error_message = "external_ip decides on an external address"
  }
}
