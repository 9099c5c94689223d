# VMs that Slipway starts and stops: persistent runners and Docker hosts. Terraform makes them once, and ignores whether they run.
locals {
  disks = merge([
    for name, vm in var.vms : {
      for index, disk in vm.disks : "${name}/${index + 1}" => {
        name    = "${name}-${index + 1}"
        zone    = vm.zone
        gb      = disk.gb
        type    = coalesce(disk.type, vm.disk_type)
        kms_key = vm.kms_key
      }
    }
  ]...)
}

resource "google_compute_instance" "vm" {
  for_each = var.vms

  project      = var.project
  zone         = each.value.zone
  name         = each.key
  description  = var.description
  machine_type = each.value.machine_type
  tags         = each.value.tags
  metadata     = each.value.metadata

  # The label keeps the sweep from deleting the VM: the sweep deletes VMs of this deployment without a job.
  labels = merge(var.labels, { slipway-keep = "true" })

  # Terraform may stop the VM to change its machine type, which ends running jobs: apply such a change while the VM is idle.
  allow_stopping_for_update = true

  boot_disk {
    auto_delete       = true
    kms_key_self_link = each.value.kms_key
    initialize_params {
      image  = each.value.image
      type   = each.value.disk_type
      size   = each.value.disk_gb
      labels = var.labels
    }
  }

  dynamic "attached_disk" {
    for_each = each.value.disks
    content {
      source            = google_compute_disk.disk["${each.key}/${attached_disk.key + 1}"].id
      device_name       = "disk-${attached_disk.key + 1}"
      kms_key_self_link = each.value.kms_key
    }
  }

  network_interface {
    subnetwork = each.value.subnetwork

    dynamic "access_config" {
      for_each = each.value.external_ip ? [1] : []
      content {}
    }
  }

  scheduling {
    automatic_restart   = each.value.automatic_restart
    on_host_maintenance = each.value.is_migrated ? "MIGRATE" : "TERMINATE"
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

  # Without one by default: any step of a job could take its token.
  dynamic "service_account" {
    for_each = each.value.service_account == null ? [] : [each.value.service_account]
    content {
      email  = service_account.value
      scopes = ["cloud-platform"]
    }
  }

  shielded_instance_config {
    enable_secure_boot          = each.value.secure_boot
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    # A newer image must not replace the disk, which has the caches; the registration token is added and removed by hand.
    ignore_changes = [boot_disk[0].initialize_params[0].image, metadata["ssh-keys"], metadata["slipway-registration-token"]]
  }
}

# Further disks, empty at first. They outlive a VM that is made anew.
resource "google_compute_disk" "disk" {
  for_each = local.disks

  project = var.project
  zone    = each.value.zone
  name    = each.value.name
  type    = each.value.type
  size    = each.value.gb
  labels  = var.labels

  dynamic "disk_encryption_key" {
    for_each = each.value.kms_key == null ? [] : [each.value.kms_key]
    content {
      kms_key_self_link = disk_encryption_key.value
    }
  }
}
