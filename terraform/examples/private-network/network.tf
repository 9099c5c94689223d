resource "google_compute_network" "runners" {
  project                 = var.project
  name                    = "runners"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "runners" {
  project                  = var.project
  region                   = var.region
  name                     = "runners"
  network                  = google_compute_network.runners.id
  ip_cidr_range            = "10.20.0.0/20"
  private_ip_google_access = true
}

resource "google_compute_address" "nat" {
  project = var.project
  region  = var.region
  name    = "runners-nat"
}

resource "google_compute_router" "runners" {
  project = var.project
  region  = var.region
  name    = "runners"
  network = google_compute_network.runners.id
}

# One address has 64,512 ports. With 256 for a VM it serves 252 VMs; add addresses for more.
resource "google_compute_router_nat" "runners" {
  project                            = var.project
  region                             = var.region
  name                               = "runners"
  router                             = google_compute_router.runners.name
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [google_compute_address.nat.self_link]
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
  min_ports_per_vm                   = 256
}
