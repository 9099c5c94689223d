# Instance templates of ephemeral runners. provision takes everything from a template except name, labels, JIT config, and scheduling
# and machine type if the pool sets them.
#
# A template cannot be changed, only replaced, and under the same name only after the old one is deleted: for some seconds there is
# none. To change one without a gap, add it under a new name, point the pool to it, and remove the old one later.
resource "google_compute_region_instance_template" "runner" {
  for_each = local.runner_templates

  project              = var.project
  region               = each.value.region
  name                 = each.value.name
  instance_description = "Slipway runner (${var.deployment})"
  machine_type         = each.value.machine_type
  labels               = local.labels
  tags                 = local.worked_out["template/${each.value.name}"].tags
  metadata             = local.machine_metadata["template/${each.value.name}"]

  disk {
    source_image = local.images["template/${each.value.name}"]
    disk_type    = local.disk_types["template/${each.value.name}"]
    disk_size_gb = each.value.disk_gb
    labels       = local.labels
    boot         = true
    auto_delete  = true

    dynamic "disk_encryption_key" {
      for_each = each.value.kms_key == null ? [] : [each.value.kms_key]
      content {
        kms_key_self_link = disk_encryption_key.value
      }
    }
  }

  # Empty disks, which the jobs find without a file system.
  dynamic "disk" {
    for_each = each.value.disks
    content {
      disk_type    = coalesce(disk.value.type, local.disk_types["template/${each.value.name}"])
      disk_size_gb = disk.value.gb
      labels       = local.labels
      boot         = false
      auto_delete  = true

      dynamic "disk_encryption_key" {
        for_each = each.value.kms_key == null ? [] : [each.value.kms_key]
        content {
          kms_key_self_link = disk_encryption_key.value
        }
      }
    }
  }

  # Each has 375 GB.
  dynamic "disk" {
    for_each = range(each.value.local_ssds)
    content {
      type         = "SCRATCH"
      disk_type    = "local-ssd"
      disk_size_gb = 375
      interface    = "NVME"
      boot         = false
      auto_delete  = true
    }
  }

  dynamic "guest_accelerator" {
    for_each = each.value.accelerator == null ? [] : [each.value.accelerator]
    content {
      type  = guest_accelerator.value.type
      count = guest_accelerator.value.count
    }
  }

  dynamic "advanced_machine_features" {
    for_each = each.value.nested_virtualization ? [1] : []
    content {
      enable_nested_virtualization = true
    }
  }

  network_interface {
    subnetwork = each.value.subnetwork != null ? each.value.subnetwork : local.subnetworks[each.value.region]

    # The VM reaches GitHub with an external address, or through Cloud NAT without one.
    dynamic "access_config" {
      for_each = each.value.external_ip ? [1] : []
      content {}
    }
  }

  # Compute Engine deletes every VM after this time, even if the control plane is down. A VM for one job is never moved to another host; machine
  # types with GPUs cannot be.
  scheduling {
    automatic_restart           = false
    provisioning_model          = each.value.spot ? "SPOT" : "STANDARD"
    preemptible                 = each.value.spot
    on_host_maintenance         = "TERMINATE"
    instance_termination_action = "DELETE"
    max_run_duration {
      seconds = floor(each.value.max_run_hours * 3600)
    }
  }

  # Without one by default: any step of a job could take its token.
  dynamic "service_account" {
    for_each = each.value.service_account == null ? [] : [each.value.service_account]
    content {
      email  = service_account.value
      scopes = ["cloud-platform"]
    }
  }

  shielded_instance_config {
    enable_secure_boot          = local.secure_boots["template/${each.value.name}"]
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  depends_on = [google_project_service.required]
}
