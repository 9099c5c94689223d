variable "cloud_run_jobs" {
  description = <<-TEXT
    Cloud Run jobs for pools of type `cloud-run`, by the name that the pool gives as `job`. Null: one for each bare name in the pools, in the
    pool's region. {}: none; a pool then names its job in full, projects/P/locations/L/jobs/J.

    - `region`: default the region of the functions.
    - `image`: default ghcr.io/actions/actions-runner:latest, by way of a repository in the job's region that is made here. Cloud Run looks up
      what a tag means at each execution. Images for amd64 only.
    - `command`, `args`: what the container runs; the pool's `args` replace `args`. Default for that image: run.sh; for another image its own.
    - `cpu`, `memory`: default 2 and 8Gi, the most memory that 2 CPUs can have. Files count as memory.
    - `env`: more variables. Not for secrets.
    - `max_run_hours`: end of executions that are started by hand. Runners get the sum of their pool's minutes.
    - `service_account`: e-mail of an account of your own. Default: an account without any role, because each step of a job can act as it.
    - `subnetwork`, `network_tags`, `egress`: sends the traffic through this subnetwork, with these tags; `egress` is ALL_TRAFFIC or
      PRIVATE_RANGES_ONLY. Default: no network of yours, and Cloud Run's own way to the internet.
    - `volumes`: by name, each with a `mount_path` and either `bucket` (Cloud Storage) or `nfs_server` with `nfs_path`; `read_only`.
  TEXT
  type        = any # types and defaults: fields/variables.tf
  default     = null

  validation {
    condition     = var.cloud_run_jobs == null || can(keys(var.cloud_run_jobs))
    error_message = "Expected an object of jobs by name, such as { runner-light = { cpu = 2 } }."
  }

  validation {
    condition     = alltrue([for name in try(keys(var.cloud_run_jobs), []) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected names of jobs of at most 63 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "docker_hosts" {
  description = <<-TEXT
    VMs that are Docker hosts, by their own name: the `vm.instance` of a host in the pools, which Slipway then starts for jobs and stops when it is
    idle; or the name of a host without `vm`, which then runs all the time. {}: hosts are somewhere else, or there are none. The fields are
    those of `persistent_vms` without `service_account`; `disk_gb` is 200 and `startup_script` is runner/docker-host.sh of this module by default, which installs Docker.
    Each VM has a service account of its own, which may read the host's token and call the function api, and nothing else.
  TEXT
  type        = any # types and defaults: fields/variables.tf
  default     = {}

  validation {
    condition     = can(keys(var.docker_hosts))
    error_message = "Expected an object of VMs by name, such as { builder = { zone = \"us-central1-a\" } }."
  }

  validation {
    condition     = alltrue([for name in try(keys(var.docker_hosts), []) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected names of at most 63 lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    # Functions may delete VMs with such names, because these are runners that were created for one job.
    condition     = alltrue([for name in try(keys(var.docker_hosts), []) : !startswith(name, "${var.deployment}-")])
    error_message = "Expected names that do not begin with the deployment's name and a hyphen: VMs of such names are runners, and are deleted."
  }

  validation {
    condition     = length(setintersection(try(keys(var.docker_hosts), []), try(keys(var.persistent_vms), []))) == 0
    error_message = "Expected different names in docker_hosts and persistent_vms: a VM is one of the two."
  }
}

variable "runner_env" {
  description = "Environment variables of each container of `docker` and `cloud-run` pools (runnerenv_NAME of the functions). A pool's own `env` wins. Placeholders as in the pools. Not for secrets: they would be in the state."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.runner_env) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "Expected names of environment variables: letters, digits and underscores, no digit first."
  }
}

variable "runner_command" {
  description = "Command of each container whose pool gives none (RUNNER_COMMAND), split as a shell splits words. Null: the image's own."
  type        = string
  default     = null

  validation {
    condition     = var.runner_command == null || trimspace(coalesce(var.runner_command, " ")) != ""
    error_message = "Expected a command, or null."
  }
}
