# A new arm64 VM for each job of one repository, spot where there is capacity. Template and network are made out of the pool.
module "slipway" {
  source = "../.."

  project       = var.project
  region        = var.region
  github_app_id = var.github_app_id

  pools = <<-YAML
    pools:
      - name: arm
        repo: acme/app
        requires: [self-hosted, linux, arm64]
        maxRunners: 20
        provider:
          type: gce
          template: runner-arm64
          region: ${var.region}
          zones: [${var.region}-a, ${var.region}-b, ${var.region}-c]
          machineTypes: [c4a-standard-4, c4a-standard-8] # the second when the first has no capacity
          spot: prefer                                   # then standard
  YAML
}
