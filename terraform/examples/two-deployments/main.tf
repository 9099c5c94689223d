# Two deployments in one project: one that is relied on, and one to try upgrades and pools with. Each has its own functions, queues, database,
# secrets and GitHub App; their labels keep them from serving each other's jobs. Neither name begins with the other one and a hyphen.
module "production" {
  source = "../.."

  project       = var.project
  region        = var.region
  deployment    = "runners"
  github_app_id = var.github_app_id

  pools = <<-YAML
    pools:
      - name: linux
        org: acme
        requires: [self-hosted, linux, x64]
        offers: [self-hosted, linux, x64]
        provider: {type: gce, template: runner-linux, region: ${var.region}, spot: prefer}
  YAML
}

module "trial" {
  source = "../.."

  project    = var.project
  region     = var.region
  deployment = "trial"

  pools = <<-YAML
    pools:
      - name: linux
        org: acme
        requires: [self-hosted, linux, x64, trial]
        maxRunners: 2
        provider: {type: gce, template: trial-linux, region: ${var.region}, spot: only}
  YAML
}
