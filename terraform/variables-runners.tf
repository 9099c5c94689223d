variable "runner_templates" {
  description = <<-TEXT
    Instance templates for pools of type `gce`, by the name that the pool gives as `template`. Null: one for each bare name in
    the pools, in the pool's region and with the first of its machine types. {}: none, they are your own.

    - `machine_type`: default e2-standard-4. The pool's `machineTypes` rule over it; all of them have to take the disk type:
      c3, c4, c4a, n4 and newer ones want Hyperdisk, older ones a persistent disk.
    - `image`: default Ubuntu 24.04 LTS of the machine type's architecture. One with the runner and tools baked in starts faster.
    - `disk_type`: default hyperdisk-balanced or pd-balanced, what the machine type takes.
    - `spot`: for VMs that are made from it by hand. The pool's own `spot` rules for runners.
    - `subnetwork`: default that of the region out of `subnetworks`, else a network that is made here.
    - `external_ip`: default false, the VM then needs Cloud NAT, which the network made here has.
    - `max_run_hours`: end of VMs that are made by hand. Runners get the sum of their pool's minutes.
    - `secure_boot`: default true. On arm64 false: not all machine types there have it. With GPUs (a2, a3, g2 and the like), or metadata
      `install-nvidia-driver`, false: drivers that are installed at the start are not signed. True, if the image brings signed ones.
    - `startup_script`: default runner/startup.sh of this module. "": none, the image starts the runner with the JIT config that is
      in the VM's metadata.
    - `metadata`: more items, e.g. settings of the startup script.
  TEXT
  type = map(object({
    region         = optional(string)
    machine_type   = optional(string, "e2-standard-4")
    image          = optional(string)
    startup_script = optional(string)
    metadata       = optional(map(string), {})
    disk_gb        = optional(number, 50)
    disk_type      = optional(string)
    spot           = optional(bool, false)
    subnetwork     = optional(string)
    external_ip    = optional(bool, false)
    max_run_hours  = optional(number, 24)
    secure_boot    = optional(bool)
    tags           = optional(list(string), [])
  }))
  default = null

  validation {
    condition     = alltrue([for name in keys(coalesce(var.runner_templates, {})) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected template names of at most 63 lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    # The longest that Compute Engine takes is 120 days; GitHub ends a job on a self-hosted runner after 5.
    condition     = alltrue([for template in values(coalesce(var.runner_templates, {})) : template.max_run_hours > 0 && template.max_run_hours <= 168])
    error_message = "Expected max_run_hours above 0, at most 168: every VM has to carry its own end."
  }

  validation {
    condition = alltrue([
      for template in values(coalesce(var.runner_templates, {})) : !contains(keys(template.metadata), "startup-script")
    ])
    error_message = "Expected the startup script as startup_script, not in metadata."
  }
}

variable "persistent_vms" {
  description = <<-TEXT
    VMs for pools of type `gce-vm`, by the name that the pool gives as `instance`. They are made once, and from then on started and
    stopped by Slipway. {}: the pools' VMs are there already. The fields are those of `runner_templates`.
  TEXT
  type = map(object({
    zone           = string
    machine_type   = optional(string, "e2-standard-4")
    image          = optional(string)
    startup_script = optional(string)
    metadata       = optional(map(string), {})
    disk_gb        = optional(number, 100)
    disk_type      = optional(string)
    subnetwork     = optional(string)
    external_ip    = optional(bool, false)
    secure_boot    = optional(bool)
    tags           = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.persistent_vms) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected names of at most 63 lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    # Functions may delete VMs with such names, because these are runners that were created for one job.
    condition     = alltrue([for name in keys(var.persistent_vms) : !startswith(name, "${var.deployment}-")])
    error_message = "Expected names that do not begin with the deployment's name and a hyphen: VMs of such names are runners, and are deleted."
  }

  validation {
    condition     = alltrue([for vm in values(var.persistent_vms) : can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z][a-z0-9]*$", vm.zone))])
    error_message = "Expected zones such as us-central1-a."
  }
}

variable "vm_inactive_minutes" {
  description = "Default idle time before a persistent VM stops (VM_INACTIVE_MINUTES)."
  type        = number
  default     = 15

  validation {
    condition     = var.vm_inactive_minutes > 0
    error_message = "Expected a number of minutes above 0."
  }
}
