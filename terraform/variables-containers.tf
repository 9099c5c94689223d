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
  type = map(object({
    region          = optional(string)
    image           = optional(string)
    command         = optional(list(string))
    args            = optional(list(string))
    cpu             = optional(number, 2)
    memory          = optional(string, "8Gi")
    env             = optional(map(string), {})
    max_run_hours   = optional(number, 24)
    service_account = optional(string)
    subnetwork      = optional(string)
    network_tags    = optional(list(string), [])
    egress          = optional(string, "PRIVATE_RANGES_ONLY")
    volumes = optional(map(object({
      mount_path = string
      bucket     = optional(string)
      nfs_server = optional(string)
      nfs_path   = optional(string, "/")
      read_only  = optional(bool, false)
    })), {})
  }))
  default = null

  validation {
    condition     = alltrue([for name in keys(coalesce(var.cloud_run_jobs, {})) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected names of jobs of at most 63 lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    condition = alltrue([
      for job in values(coalesce(var.cloud_run_jobs, {})) : job.region == null || can(regex("^[a-z]+-[a-z]+[0-9]+$", job.region))
    ])
    error_message = "Expected regions such as us-central1, without a zone."
  }

  validation {
    # https://docs.cloud.google.com/run/docs/configuring/jobs/cpu and ../memory-limits
    condition = alltrue([
      for job in values(coalesce(var.cloud_run_jobs, {})) : try(
        parseint(regex("^([1-9][0-9]*)(?:Mi|Gi)$", job.memory)[0], 10) * (endswith(job.memory, "Gi") ? 1024 : 1) <= { 1 = 4096, 2 = 8192, 4 = 16384, 6 = 24576, 8 = 32768 }[tostring(job.cpu)] &&
        parseint(regex("^([1-9][0-9]*)(?:Mi|Gi)$", job.memory)[0], 10) * (endswith(job.memory, "Gi") ? 1024 : 1) >= { 1 = 512, 2 = 512, 4 = 2048, 6 = 4096, 8 = 4096 }[tostring(job.cpu)],
        false,
      )
    ])
    error_message = "Expected cpu of 1, 2, 4, 6 or 8, and memory such as 8Gi of at most 4, 8, 16, 24 or 32 Gi respectively, at least 512Mi, with 4 CPUs 2Gi, with more 4Gi."
  }

  validation {
    condition     = alltrue([for job in values(coalesce(var.cloud_run_jobs, {})) : job.max_run_hours > 0 && job.max_run_hours <= 168])
    error_message = "Expected max_run_hours above 0, at most 168, the longest that Cloud Run lets a task run."
  }

  validation {
    condition     = alltrue([for job in values(coalesce(var.cloud_run_jobs, {})) : contains(["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"], job.egress)])
    error_message = "Expected egress of ALL_TRAFFIC or PRIVATE_RANGES_ONLY."
  }

  validation {
    condition = alltrue(flatten([
      for job in values(coalesce(var.cloud_run_jobs, {})) : [
        for name, volume in job.volumes :
        (volume.bucket == null) != (volume.nfs_server == null) && startswith(volume.mount_path, "/") && can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))
      ]
    ]))
    error_message = "Expected volumes with a name of lower-case letters, digits and hyphens, an absolute mount_path, and either bucket or nfs_server."
  }

  validation {
    condition = alltrue([
      for job in values(coalesce(var.cloud_run_jobs, {})) :
      job.subnetwork != null || length([for volume in values(job.volumes) : volume if volume.nfs_server != null]) == 0
    ])
    error_message = "Expected a subnetwork where a volume is on an NFS server: Cloud Run has no other way to it."
  }
}

variable "docker_hosts" {
  description = <<-TEXT
    VMs that are Docker hosts, by their own name: the `vm.instance` of a host in the pools, which Slipway then starts for jobs and stops when it is
    idle; or the name of a host without `vm`, which then runs all the time. {}: hosts are somewhere else, or there are none. The fields are
    those of `persistent_vms`; `startup_script` is runner/docker-host.sh of this module by default, which installs Docker.
    Each VM has a service account of its own, which may read the host's token and call the function api, and nothing else.
  TEXT
  type = map(object({
    zone           = string
    machine_type   = optional(string, "e2-standard-8")
    image          = optional(string)
    startup_script = optional(string)
    metadata       = optional(map(string), {})
    disk_gb        = optional(number, 200)
    disk_type      = optional(string)
    subnetwork     = optional(string)
    external_ip    = optional(bool, false)
    secure_boot    = optional(bool)
    tags           = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.docker_hosts) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected names of at most 63 lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    # Functions may delete VMs with such names, because these are runners that were created for one job.
    condition     = alltrue([for name in keys(var.docker_hosts) : !startswith(name, "${var.deployment}-")])
    error_message = "Expected names that do not begin with the deployment's name and a hyphen: VMs of such names are runners, and are deleted."
  }

  validation {
    condition     = alltrue([for vm in values(var.docker_hosts) : can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z][a-z0-9]*$", vm.zone))])
    error_message = "Expected zones such as us-central1-a."
  }

  validation {
    condition     = length(setintersection(keys(var.docker_hosts), keys(var.persistent_vms))) == 0
    error_message = "Expected different names in docker_hosts and persistent_vms: a VM is one of the two."
  }

  validation {
    condition     = alltrue([for vm in values(var.docker_hosts) : !contains(keys(vm.metadata), "startup-script")])
    error_message = "Expected the startup script as startup_script, not in metadata."
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
