# Custom roles with only the permissions that the code uses; README.md explains each permission.
locals {
  roles = {
    enqueue = {
      title       = "create tasks"
      permissions = ["cloudtasks.tasks.create"]
    }
    check_queue = {
      title       = "look whether a queue takes tasks"
      permissions = ["cloudtasks.queues.get"]
    }
    act_as = {
      title       = "act as a service account"
      permissions = ["iam.serviceAccounts.actAs"]
    }
    read_secret = {
      title = "read the newest versions of a secret"
      permissions = [
        "secretmanager.versions.access",
        "secretmanager.versions.list", # which versions are enabled: the two newest overlap in a rotation
      ]
    }
    add_secret_version = {
      title       = "add versions to a secret"
      permissions = ["secretmanager.versions.add"]
    }
    store = {
      title = "read and write the state"
      permissions = [
        "datastore.databases.get", # to begin and roll back transactions: https://firebase.google.com/docs/firestore/security/iam
        "datastore.entities.create",
        "datastore.entities.delete",
        "datastore.entities.get",
        "datastore.entities.list",
        "datastore.entities.update",
      ]
    }
    find_vms = {
      title = "find VMs"
      permissions = [
        "compute.instances.get",
        "compute.zoneOperations.get",
        "compute.zones.list",
      ]
    }
    list_vms = {
      title       = "list VMs"
      permissions = ["compute.instances.list"]
    }
    find_preemptions = {
      title       = "find out whether a spot VM was preempted"
      permissions = ["compute.zoneOperations.list"]
    }
    read_consoles = {
      title       = "read the serial port of VMs"
      permissions = ["compute.instances.getSerialPortOutput"] # /explain shows the last line of a boot that takes too long
    }
    check_places = {
      title = "look whether a VM could be created"
      permissions = [
        "compute.instanceTemplates.get",
        "compute.regions.get", # its quotas, and what is used of them
      ]
    }
    create_vms = {
      title = "create VMs from instance templates"
      permissions = [ # a condition limits those on instances, see iam.tf
        "compute.disks.create",
        "compute.disks.setLabels",
        "compute.images.useReadOnly",
        "compute.instanceTemplates.get",
        "compute.instanceTemplates.useReadOnly",
        "compute.instances.create",
        "compute.instances.setLabels",
        "compute.instances.setMetadata",
        "compute.instances.setTags",
        "compute.subnetworks.use",
        "compute.subnetworks.useExternalIp",
      ]
    }
    delete_vms = {
      title       = "delete VMs"
      permissions = ["compute.instances.delete"]
    }
    attach_accounts = {
      title       = "create VMs with a service account"
      permissions = ["compute.instances.setServiceAccount"]
    }
    start_runners = {
      title = "start runners' VMs that were made ahead"
      permissions = [
        "compute.instances.getGuestAttributes", # whether it is ready
        "compute.instances.resume",
        "compute.instances.start",
      ]
    }
    stop_runners = {
      title       = "stop runners' VMs that were made ahead"
      permissions = ["compute.instances.stop", "compute.instances.suspend"]
    }
    start_vms = {
      title       = "start a persistent VM"
      permissions = ["compute.instances.start", "compute.instances.resume"]
    }
    stop_vms = {
      title       = "stop a persistent VM"
      permissions = ["compute.instances.stop"]
    }
    run_jobs = {
      title = "run a job of Cloud Run"
      permissions = [
        "run.jobs.run",
        "run.jobs.runWithOverrides", # variables, arguments and the time-out of an execution
      ]
    }
    read_jobs = {
      title       = "read a job of Cloud Run"
      permissions = ["run.jobs.get"]
    }
    find_runs = {
      title = "find executions of a job of Cloud Run"
      permissions = [
        "run.executions.get",
        "run.executions.list",
        "run.operations.get",
        "run.tasks.get", # the exit code
        "run.tasks.list",
      ]
    }
    end_runs = {
      title       = "end executions of a job of Cloud Run"
      permissions = ["run.executions.cancel", "run.executions.delete"]
    }
    read_host_token = {
      title       = "read a Docker host's token"
      permissions = ["secretmanager.versions.access"]
    }
    trace = {
      title       = "write traces"
      permissions = ["telemetry.traces.write", "serviceusage.services.use"] # the second for the quota's project
    }
  }
}

resource "google_project_iam_custom_role" "role" {
  for_each = local.roles

  project     = var.project
  role_id     = "${replace(var.deployment, "-", "_")}_${each.key}_${local.suffix}"
  title       = "Slipway: ${each.value.title} (${var.deployment})"
  permissions = each.value.permissions

  depends_on = [google_project_service.required]
}
