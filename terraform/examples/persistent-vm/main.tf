# One VM with a disk that keeps its caches. It is started for a job and stopped 30 minutes after the last one. Output next_steps says
# how its runner is registered, once.
module "slipway" {
  source = "../.."

  project       = var.project
  region        = var.region
  github_app_id = var.github_app_id

  pools = <<-YAML
    pools:
      - name: build
        repo: acme/app
        requires: [self-hosted, linux, build]
        idleMinutes: 30
        provider: {type: gce-vm, instance: build-1, zone: ${var.region}-a}
  YAML

  persistent_vms = {
    build-1 = {
      zone         = "${var.region}-a"
      machine_type = "n2-standard-8"
      disk_gb      = 200
      disk_type    = "pd-ssd"
      metadata     = { slipway-docker = "true" }
    }
  }
}
