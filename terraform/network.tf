# A network for the runners, without peering. No rule allows ingress, so all ingress is denied. Its subnetworks, one
# in each region, are created by Google (auto mode), so that a new region needs no address plan; they have the network's name.
locals {
  vm_regions = toset(concat(
    [for template in values(local.runner_templates) : template.region if template.subnetwork == null],
    [for vm in concat(values(module.fields.persistent_vms), values(module.fields.docker_hosts)) : regex("^(.+)-[^-]+$", vm.zone)[0] if vm.subnetwork == null],
  ))
  own_regions = setsubtract(local.vm_regions, keys(var.subnetworks))

  own_subnetworks = {
    for region in local.own_regions :
    region => "projects/${var.project}/regions/${region}/subnetworks/${google_compute_network.runners[0].name}"
  }
  subnetworks = merge(local.own_subnetworks, var.subnetworks)
}

resource "google_compute_network" "runners" {
  count = length(local.own_regions) > 0 ? 1 : 0

  project                 = var.project
  name                    = "${var.deployment}-runners"
  description             = "Slipway runners (${var.deployment})"
  auto_create_subnetworks = true

  depends_on = [google_project_service.required]
}

resource "google_compute_router" "runners" {
  for_each = local.own_regions

  project = var.project
  region  = each.key
  name    = "${var.deployment}-runners"
  network = google_compute_network.runners[0].id
}

# Egress to GitHub, registries and packages. A job that installs packages soon uses up the default of 64 ports for each VM.
resource "google_compute_router_nat" "runners" {
  for_each = local.own_regions

  project                             = var.project
  region                              = each.key
  name                                = "${var.deployment}-runners"
  router                              = google_compute_router.runners[each.key].name
  nat_ip_allocate_option              = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat  = "ALL_SUBNETWORKS_ALL_IP_RANGES"
  enable_dynamic_port_allocation      = true
  enable_endpoint_independent_mapping = false # goes with dynamic ports
  min_ports_per_vm                    = 64
  max_ports_per_vm                    = 8192

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# https://docs.cloud.google.com/iap/docs/using-tcp-forwarding#create-firewall-rule
resource "google_compute_firewall" "iap" {
  count = var.ssh_over_iap && length(local.own_regions) > 0 ? 1 : 0

  project       = var.project
  name          = "${var.deployment}-runners-iap"
  network       = google_compute_network.runners[0].id
  direction     = "INGRESS"
  source_ranges = ["35.235.240.0/20"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}
