variable "runner_templates" {
  description = <<-TEXT
    Instance templates for pools of type `gce`, by the name that the pool gives as `template`. Leave it empty to use
    templates of your own. The image or the startup script has to start the runner with the JIT config that is in the
    VM's metadata.
  TEXT
  type = map(object({
    region         = string
    machine_type   = string
    image          = string
    startup_script = optional(string)
    metadata       = optional(map(string), {})
    disk_gb        = optional(number, 50)
    disk_type      = optional(string, "pd-balanced")
    subnetwork     = optional(string)
    external_ip    = optional(bool, true)
    max_run_hours  = optional(number, 24)
    secure_boot    = optional(bool, true)
    tags           = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.runner_templates) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected template names of at most 63 lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    # The longest that Compute Engine takes is 120 days; GitHub ends a job on a self-hosted runner after 5.
    condition     = alltrue([for template in values(var.runner_templates) : template.max_run_hours > 0 && template.max_run_hours <= 168])
    error_message = "Expected max_run_hours above 0, at most 168: every VM has to carry its own end."
  }

  validation {
    condition = alltrue([
      for template in values(var.runner_templates) : !contains(keys(template.metadata), "startup-script") || template.startup_script == null
    ])
    error_message = "Expected the startup script once: as startup_script or as metadata[\"startup-script\"]."
  }
}
