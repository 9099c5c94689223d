# VMs that are started for jobs and stopped when idle. After the creation Slipway starts and stops them; Terraform ignores whether they run.
resource "google_compute_instance" "persistent" {
  for_each = var.persistent_vms

  project      = var.project
  zone         = each.value.zone
  name         = each.key
  description  = "Slipway persistent runner (${var.deployment})"
  machine_type = each.value.machine_type
  tags         = each.value.tags
  metadata     = local.machine_metadata["vm/${each.key}"]

  # The label keeps the sweep from deleting the VM: the sweep deletes VMs of this deployment without a job.
  labels = merge(local.labels, { slipway-keep = "true" })

  # Terraform may stop the VM to change its machine type, which ends a running job: apply such a change while the VM is idle.
  allow_stopping_for_update = true

  boot_disk {
    auto_delete = true
    initialize_params {
      image  = local.images["vm/${each.key}"]
      type   = local.disk_types["vm/${each.key}"]
      size   = each.value.disk_gb
      labels = local.labels
    }
  }

  network_interface {
    subnetwork = each.value.subnetwork != null ? each.value.subnetwork : local.subnetworks[regex("^(.+)-[^-]+$", each.value.zone)[0]]

    dynamic "access_config" {
      for_each = each.value.external_ip ? [1] : []
      content {}
    }
  }

  scheduling {
    automatic_restart   = false # Slipway starts it when there is a job
    on_host_maintenance = local.not_migrated["vm/${each.key}"] ? "TERMINATE" : "MIGRATE"
  }

  # No service_account block: any step of a job could take its token.

  shielded_instance_config {
    enable_secure_boot          = local.secure_boots["vm/${each.key}"]
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    # A newer image must not replace the disk; the registration token is added and removed by hand.
    ignore_changes = [boot_disk[0].initialize_params[0].image, metadata["ssh-keys"], metadata["slipway-registration-token"]]
  }

  depends_on = [google_project_service.required]
}
