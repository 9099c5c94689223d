# The fields of a machine or job with their types and defaults. Terraform drops unknown fields of an object type without a word, so the main
# module takes these variables as they are given, has this module convert them, and compares the names of the fields (field-mistakes.tf).
variable "runner_templates" {
  description = "As the main module's variable."
  type = map(object({
    region                = optional(string)
    machine_type          = optional(string, "e2-standard-4")
    image                 = optional(string)
    startup_script        = optional(string)
    metadata              = optional(map(string), {})
    disk_gb               = optional(number, 50)
    disk_type             = optional(string)
    disks                 = optional(list(object({ gb = number, type = optional(string) })), [])
    local_ssds            = optional(number, 0)
    kms_key               = optional(string)
    accelerator           = optional(object({ type = string, count = optional(number, 1) }))
    nested_virtualization = optional(bool, false)
    spot                  = optional(bool, false)
    subnetwork            = optional(string)
    external_ip           = optional(bool, false)
    service_account       = optional(string)
    max_run_hours         = optional(number, 24)
    secure_boot           = optional(bool)
    tags                  = optional(list(string), [])
  }))
}

variable "persistent_vms" {
  description = "As the main module's variable."
  type = map(object({
    zone                  = string
    machine_type          = optional(string, "e2-standard-4")
    image                 = optional(string)
    startup_script        = optional(string)
    metadata              = optional(map(string), {})
    disk_gb               = optional(number, 100)
    disk_type             = optional(string)
    disks                 = optional(list(object({ gb = number, type = optional(string) })), [])
    kms_key               = optional(string)
    accelerator           = optional(object({ type = string, count = optional(number, 1) }))
    nested_virtualization = optional(bool, false)
    subnetwork            = optional(string)
    external_ip           = optional(bool, false)
    service_account       = optional(string)
    secure_boot           = optional(bool)
    tags                  = optional(list(string), [])
  }))
}

variable "docker_hosts" {
  description = "As the main module's variable. Each has a service account of its own."
  type = map(object({
    zone                  = string
    machine_type          = optional(string, "e2-standard-8")
    image                 = optional(string)
    startup_script        = optional(string)
    metadata              = optional(map(string), {})
    disk_gb               = optional(number, 200)
    disk_type             = optional(string)
    disks                 = optional(list(object({ gb = number, type = optional(string) })), [])
    kms_key               = optional(string)
    accelerator           = optional(object({ type = string, count = optional(number, 1) }))
    nested_virtualization = optional(bool, false)
    subnetwork            = optional(string)
    external_ip           = optional(bool, false)
    secure_boot           = optional(bool)
    tags                  = optional(list(string), [])
  }))
}

variable "cloud_run_jobs" {
  description = "As the main module's variable."
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
}
