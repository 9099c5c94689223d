# VMs that are Docker hosts. Their startup script installs Docker and the agent, which asks the function api for work: nothing on the
# VM is reached from outside.
locals {
  host_list = try([for host in yamldecode(var.pools).hosts : host], [])

  # VMs of hosts that functions start and stop, by zone/name. container-mistakes.tf names those that are left out here.
  host_vms = {
    for key, vms in {
      for index, host in local.host_list : local.host_places[index] => {
        name = host.vm.instance
        zone = split("/", local.host_places[index])[0]
        host = try(tostring(host.name), "")
      }... if can(regex(local.pool_patterns.vm, host.vm.instance)) && !startswith(local.host_places[index], "/")
    } : key => vms[0]
  }
  # Zone and name of each host's VM, "" without one.
  host_places = [
    for host in local.host_list : can(host.vm) ? "${try(tostring(host.vm.zone), "")}/${try(tostring(host.vm.instance), "")}" : ""
  ]

  # What each VM in docker_hosts is called in the pools, and whether it is started for jobs: the host with this VM, else the one without a VM
  # that has its name. A VM of no host is a mistake, see container-mistakes.tf.
  docker_hosts = {
    for name, vm in module.fields.docker_hosts : name => merge(vm, {
      host       = try(local.host_vms["${vm.zone}/${name}"].host, name)
      is_started = can(local.host_vms["${vm.zone}/${name}"])
    })
  }

  host_metadata = {
    for name, vm in local.docker_hosts : name => {
      slipway-api-url           = local.urls["api"]
      slipway-host              = vm.host
      slipway-deployment        = var.deployment
      slipway-host-token-secret = "projects/${var.project}/secrets/${local.host_token_names[name]}" # a name, not the token
    }
  }
  host_token_names = { for name in keys(var.docker_hosts) : name => "${var.deployment}-host-token-${name}" }
}

# The agent reads the host token with the VM's account, and calls api with it. Containers are kept from the metadata server, which gives out its
# tokens.
module "docker_host_vms" {
  source = "./vms"

  project     = var.project
  description = "Slipway Docker host (${var.deployment})"
  labels      = local.labels
  vms = {
    for name, vm in local.docker_hosts : name => merge(vm, local.worked_out["host/${name}"], {
      automatic_restart = !vm.is_started # else Slipway starts it when there is a job
      service_account   = google_service_account.docker_host[name].email
    })
  }

  depends_on = [google_project_service.required]
}

# One for each VM, so that no host can read another one's token.
resource "google_service_account" "docker_host" {
  for_each = module.fields.docker_hosts

  project      = var.project
  account_id   = "${var.deployment}-host-${substr(sha256(each.key), 0, 4)}"
  display_name = "Slipway Docker host ${each.key} (${var.deployment})"

  depends_on = [google_project_service.required]
}

# The host's token is made from the control API's secret, which Terraform does not know: `slipway host-token` prints it (output next_steps).
resource "google_secret_manager_secret" "host_token" {
  for_each = local.host_token_names

  project   = var.project
  secret_id = each.value
  labels    = local.labels

  replication {
    auto {
      dynamic "customer_managed_encryption" {
        for_each = compact([module.fields.kms_keys.secrets])
        content {
          kms_key_name = customer_managed_encryption.value
        }
      }
    }
  }

  depends_on = [google_project_service.required]
}

resource "google_secret_manager_secret_iam_member" "read_host_token" {
  for_each = module.fields.docker_hosts

  project   = var.project
  secret_id = google_secret_manager_secret.host_token[each.key].secret_id
  role      = google_project_iam_custom_role.role["read_host_token"].id
  member    = google_service_account.docker_host[each.key].member
}

# The agent sends an identity token of the VM's account, so api need not be open to all.
resource "google_cloud_run_service_iam_member" "docker_host" {
  for_each = { for name, vm in module.fields.docker_hosts : name => vm if !var.api_public }

  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.function["api"].name
  role     = "roles/run.invoker"
  member   = google_service_account.docker_host[each.key].member

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.function["api"].id]
  }
}
