variable "project" {
  description = "Id of the project."
  type        = string
}

variable "description" {
  description = "Description of each VM."
  type        = string
}

variable "labels" {
  description = "Labels of each VM and its disks."
  type        = map(string)
}

variable "vms" {
  description = "The VMs by name, with everything that the main module has worked out (machines.tf)."
  type = map(object({
    zone                  = string
    machine_type          = string
    image                 = string
    metadata              = map(string)
    disk_gb               = number
    disk_type             = string
    disks                 = list(object({ gb = number, type = optional(string) }))
    kms_key               = optional(string)
    accelerator           = optional(object({ type = string, count = number }))
    nested_virtualization = bool
    subnetwork            = string
    external_ip           = bool
    service_account       = optional(string)
    secure_boot           = bool
    is_migrated           = bool
    automatic_restart     = bool
    tags                  = list(string)
  }))
}
