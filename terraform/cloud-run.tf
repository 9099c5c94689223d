# Cloud Run jobs for pools of type cloud-run: each runner is one execution. provision overrides variables, arguments and the time-out of an
# execution; everything else is the job's.
locals {
  full_job_name = "^projects/([^/]+)/locations/([^/]+)/jobs/([^/]+)$"

  # Names in the pools, each with the settings of its first pool.
  pool_jobs = {
    for name, regions in {
      for pool in local.pool_list : pool.provider.job => try(pool.provider.region, var.region)...
      if try(pool.provider.type, "") == "cloud-run" && can(tostring(pool.provider.job))
    } : name => { region = regions[0] }
  }

  # By default the jobs that the pools name.
  requested_jobs = merge(var.cloud_run_jobs, {
    for name, job in local.pool_jobs : name => { region = job.region } if var.cloud_run_jobs == null && can(regex(local.pool_patterns.vm, name))
  })
  cloud_run_jobs = {
    for name, job in module.fields.cloud_run_jobs : name => merge(job, {
      region = coalesce(job.region, var.region)
      image  = coalesce(job.image, "ghcr.io/actions/actions-runner:latest")
      # That image has no command of its own.
      args = job.args != null || job.command != null || job.image != null ? job.args : ["./run.sh"]
    })
  }

  # Of which functions get permissions: jobs that are made here, and jobs of this project that pools give in full. A custom role
  # cannot be granted in another project.
  granted_jobs = merge(
    { for name, job in local.cloud_run_jobs : "${job.region}/${name}" => { region = job.region, name = name } },
    {
      for name in keys(local.pool_jobs) : join("/", slice(regex(local.full_job_name, name), 1, 3)) => {
        region = regex(local.full_job_name, name)[1]
        name   = regex(local.full_job_name, name)[2]
      } if try(regex(local.full_job_name, name)[0] == var.project, false)
    },
  )

  ghcr = "ghcr.io/"
  # Where images of ghcr.io are fetched by way of a repository of this project.
  ghcr_regions = toset([for job in values(local.cloud_run_jobs) : job.region if startswith(job.image, local.ghcr)])
}

# Images of ghcr.io, kept in the region: executions start without a download from GitHub, and also when it is down. Cloud Run's own service
# agent may read it, because it is in the same project.
resource "google_artifact_registry_repository" "ghcr" {
  for_each = local.ghcr_regions

  project       = var.project
  location      = each.key
  repository_id = "${var.deployment}-ghcr"
  description   = "Copies of images of ghcr.io (${var.deployment})"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"
  labels        = local.labels

  remote_repository_config {
    description = "ghcr.io"
    docker_repository {
      custom_repository {
        uri = "https://ghcr.io"
      }
    }
  }

  # What is deleted here is fetched again when it is needed.
  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      older_than = "30d"
    }
  }

  depends_on = [google_project_service.required]
}

# The identity of the jobs. It has no role, because each step of each job can act as it.
resource "google_service_account" "job" {
  count = length(local.cloud_run_jobs) > 0 ? 1 : 0

  project      = var.project
  account_id   = "${var.deployment}-jobs"
  display_name = "Slipway runners on Cloud Run, without roles (${var.deployment})"

  depends_on = [google_project_service.required]
}

resource "google_cloud_run_v2_job" "runner" {
  for_each = local.cloud_run_jobs

  project             = var.project
  location            = each.value.region
  name                = each.key
  labels              = local.labels
  deletion_protection = false # nothing is kept in it

  template {
    task_count  = 1
    parallelism = 1
    labels      = local.labels

    template {
      # A JIT config is good for one start. Slipway makes a new runner itself.
      max_retries           = 0
      timeout               = "${floor(each.value.max_run_hours * 3600)}s"
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      service_account       = each.value.service_account != null ? each.value.service_account : google_service_account.job[0].email

      containers {
        image   = startswith(each.value.image, local.ghcr) ? "${each.value.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.ghcr[each.value.region].repository_id}/${trimprefix(each.value.image, local.ghcr)}" : each.value.image
        command = each.value.command
        args    = each.value.args

        resources {
          limits = {
            cpu    = tostring(each.value.cpu)
            memory = each.value.memory
          }
        }

        dynamic "env" {
          for_each = each.value.env
          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "volume_mounts" {
          for_each = each.value.volumes
          content {
            name       = volume_mounts.key
            mount_path = volume_mounts.value.mount_path
          }
        }
      }

      dynamic "volumes" {
        for_each = each.value.volumes
        content {
          name = volumes.key

          dynamic "gcs" {
            for_each = volumes.value.bucket != null ? [1] : []
            content {
              bucket    = volumes.value.bucket
              read_only = volumes.value.read_only
            }
          }

          dynamic "nfs" {
            for_each = volumes.value.nfs_server != null ? [1] : []
            content {
              server    = volumes.value.nfs_server
              path      = volumes.value.nfs_path
              read_only = volumes.value.read_only
            }
          }
        }
      }

      dynamic "vpc_access" {
        for_each = each.value.subnetwork != null ? [1] : []
        content {
          egress = each.value.egress
          network_interfaces {
            subnetwork = each.value.subnetwork
            tags       = each.value.network_tags
          }
        }
      }
    }
  }

  depends_on = [google_project_service.required]
}
