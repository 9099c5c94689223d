# Instance templates of ephemeral runners. provision takes everything from a template except name, labels, JIT config, and scheduling
# and machine type if the pool sets them.
#
# A template cannot be changed, only replaced, and under the same name only after the old one is deleted: for some seconds there is
# none. To change one without a gap, add it under a new name, point the pool to it, and remove the old one later.
resource "google_compute_region_instance_template" "runner" {
  for_each = local.runner_templates

  project              = var.project
  region               = each.value.region
  name                 = each.key
  instance_description = "Slipway runner (${var.deployment})"
  machine_type         = each.value.machine_type
  labels               = local.labels
  tags                 = each.value.tags
  metadata             = local.machine_metadata["template/${each.key}"]

  disk {
    source_image = local.images["template/${each.key}"]
    disk_type    = local.disk_types["template/${each.key}"]
    disk_size_gb = each.value.disk_gb
    labels       = local.labels
    boot         = true
    auto_delete  = true
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

  # No service_account block: any step of a job could take its token.

  shielded_instance_config {
    enable_secure_boot          = local.secure_boots["template/${each.key}"]
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    precondition {
      # A template that pools name is created in one region, that of the first pool.
      condition     = var.runner_templates != null || length(try(local.pool_template_uses[each.key].regions, [])) <= 1
      error_message = "Found pools of several regions (${join(", ", try(local.pool_template_uses[each.key].regions, []))}) with template ${each.key}, expected a template of its own, under another name, for each region."
    }

    precondition {
      condition = each.value.image != null || length(setintersection(
        try(local.pool_template_uses[each.key].labels, []),
        concat(["windows", "macos"], local.arm64["template/${each.key}"] ? ["x64", "x86_64", "amd64"] : ["arm64", "aarch64"]),
      )) == 0
      error_message = "Found pools with template ${each.key} and labels [${join(", ", try(local.pool_template_uses[each.key].labels, []))}], expected labels that fit its image, which is Linux on ${local.arm64["template/${each.key}"] ? "arm64" : "x64"}; or an image of your own in runner_templates."
    }
  }

  depends_on = [google_project_service.required]
}
