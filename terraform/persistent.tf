# VMs that are started for jobs and stopped when idle.
module "persistent_vms" {
  source = "./vms"

  project     = var.project
  description = "Slipway persistent runner (${var.deployment})"
  labels      = local.labels
  vms = {
    for name, vm in module.fields.persistent_vms : name => merge(vm, local.worked_out["vm/${name}"], {
      automatic_restart = false # Slipway starts it when there is a job
    })
  }

  depends_on = [google_project_service.required]
}
