# Light jobs (checks, releases, bots) in executions of a Cloud Run job: no VM and no boot. Everything else gets a VM: what needs Docker, more
# than memory can hold, or arm64.
module "slipway" {
  source = "../.."

  project       = var.project
  region        = var.region
  github_app_id = var.github_app_id

  pools = <<-YAML
    pools:
      - name: light
        repos: ["acme/*"]
        requires: [self-hosted, linux, x64, light]
        maxRunners: 50
        jobMinutes: 60
        provider: {type: cloud-run, job: runner-light, region: ${var.region}}
      - name: linux
        repos: ["acme/*"]
        requires: [self-hosted, linux, x64]
        offers: [self-hosted, linux, x64]
        provider: {type: gce, template: runner-linux, region: ${var.region}, spot: prefer}
  YAML

  cloud_run_jobs = {
    runner-light = {
      cpu    = 2
      memory = "8Gi" # also of the files that a job writes
    }
  }
}
