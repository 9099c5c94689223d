# The types of these fields, and their defaults, are in fields/variables.tf: with a type here, Terraform would drop unknown fields without a word.
variable "runner_templates" {
  description = <<-TEXT
    Instance templates for pools of type `gce`, by the name that the pool gives as `template`. Null: one for each bare name in
    the pools, with the first of its machine types. {}: none, they are your own. An unknown field ends the plan.

    - `region`: default each region in which pools name the template.
    - `machine_type`: default e2-standard-4. The pool's `machineTypes` rule over it; all of them have to take the disk type:
      c3, c4, c4a, n4 and newer ones want Hyperdisk, older ones a persistent disk.
    - `image`: default Ubuntu 24.04 LTS of the machine type's architecture. One with the runner and tools baked in starts faster.
    - `disk_gb`, `disk_type`: the boot disk, default 50 and hyperdisk-balanced or pd-balanced, what the machine type takes.
    - `disks`: more disks, a list of {gb, type}, empty and deleted with the VM; `local_ssds`: how many local SSDs of 375 GB.
    - `kms_key`: key of Cloud KMS for all these disks, projects/P/locations/L/keyRings/R/cryptoKeys/K.
    - `accelerator`: {type, count} of GPUs for n1; machine types such as a2, a3 and g2 have theirs.
    - `nested_virtualization`: default false. Intel machine types only, and not e2.
    - `spot`: for VMs that are made from it by hand. The pool's own `spot` rules for runners.
    - `subnetwork`: default that of the region out of `subnetworks`, else a network that is made here.
    - `external_ip`: default false, the VM then needs Cloud NAT, which the network made here has.
    - `tags`: network tags, beside `network_tags`.
    - `service_account`: e-mail of an account of your own for the VMs. Default: none, because each step of a job can take its token.
    - `max_run_hours`: end of VMs that are made by hand. Runners get the sum of their pool's minutes.
    - `secure_boot`: default true. On arm64 false: not all machine types there have it. With GPUs, or metadata
      `install-nvidia-driver`, false: drivers that are installed at the start are not signed. True, if the image brings signed ones.
    - `startup_script`: default runner/startup.sh of this module. "": none, the image starts the runner with the JIT config that is
      in the VM's metadata. For an image of Windows, by its name or its pools' labels, a script of PowerShell: default runner/startup.ps1,
      which is not tested on a VM.
    - `metadata`: more items, e.g. settings of the startup script.
  TEXT
  type        = any
  default     = null

  validation {
    condition     = var.runner_templates == null || can(keys(var.runner_templates))
    error_message = "Expected an object of templates by name, such as { runner-linux = { machine_type = \"e2-standard-8\" } }."
  }

  validation {
    condition     = alltrue([for name in try(keys(var.runner_templates), []) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected template names of at most 63 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "persistent_vms" {
  description = <<-TEXT
    VMs for pools of type `gce-vm`, by the name that the pool gives as `instance`. They are made once, and from then on started and
    stopped by Slipway. {}: the pools' VMs are there already. `zone` is required; the other fields are those of `runner_templates`, without
    `region`, `spot`, `local_ssds` (which lose their content at each stop) and `max_run_hours`. Default of `disk_gb`: 100.
  TEXT
  type        = any
  default     = {}

  validation {
    condition     = can(keys(var.persistent_vms))
    error_message = "Expected an object of VMs by name, such as { build-1 = { zone = \"us-central1-a\" } }."
  }

  validation {
    condition     = alltrue([for name in try(keys(var.persistent_vms), []) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected names of at most 63 lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    # Functions may delete VMs with such names, because these are runners that were created for one job.
    condition     = alltrue([for name in try(keys(var.persistent_vms), []) : !startswith(name, "${var.deployment}-")])
    error_message = "Expected names that do not begin with the deployment's name and a hyphen: VMs of such names are runners, and are deleted."
  }
}

variable "runner_service_accounts" {
  description = "Service accounts of instance templates of your own, by e-mail: the functions may create VMs with them. Those in runner_templates are among them by themselves."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.runner_service_accounts : can(regex("^[a-z0-9-]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", email))])
    error_message = "Expected accounts of your own such as runner@my-project.iam.gserviceaccount.com. The default account of Compute Engine is refused: it may change the whole project, and so could each step of a job."
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
