# Runners in a network of your own: no address, no way in, out by Cloud NAT with a fixed address that firewalls elsewhere can let in.
# Images and packages of Google Cloud are reached without NAT (private Google access).
module "slipway" {
  source = "../.."

  project       = var.project
  region        = var.region
  github_app_id = var.github_app_id
  subnetworks   = { (var.region) = google_compute_subnetwork.runners.id }

  pools = <<-YAML
    pools:
      - name: inside
        org: acme
        requires: [self-hosted, linux, x64, inside]
        runnerGroup: inside
        provider: {type: gce, template: runner-inside, region: ${var.region}}
  YAML
}
