# One VM that runs up to seven jobs at a time, each in a container: images and caches stay on its disk, and a job starts in seconds. The VM is
# started for the first job and stopped 20 minutes after the last one. Output next_steps says how it gets its token, once.
module "slipway" {
  source = "../.."

  project       = var.project
  region        = var.region
  github_app_id = var.github_app_id

  pools = <<-YAML
    hosts:
      - name: builder
        capacity: 7
        vm: {instance: builder, zone: ${var.region}-b}
        idleMinutes: 20
    pools:
      - name: docker
        org: acme
        requires: [self-hosted, docker]
        jobMinutes: 120
        provider:
          type: docker
          hosts: [builder]
          image: "ghcr.io/actions/actions-runner:latest" # looked for anew each hour
          command: [./run.sh]
          cpus: 2
          memory: 8g
          pidsLimit: 4096
          volumes: ["cache:/cache"]
  YAML

  docker_hosts = {
    builder = {
      zone         = "${var.region}-b"
      machine_type = "n2-standard-16"
      disk_gb      = 300
      disk_type    = "pd-ssd"
    }
  }

  # The same variable in every container, {hostname} and the like are filled in.
  runner_env = { BUILD_HOST = "{hostname}" }
}
