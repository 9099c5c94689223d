variable "subnetworks" {
  description = <<-TEXT
    Existing subnetworks for VMs, by region: names, or URLs of a shared VPC's. They need Cloud NAT or external_ip, since a runner
    calls GitHub. For regions of runner_templates and persistent_vms that are not listed, a network with Cloud NAT and no ingress is made.
  TEXT
  type        = map(string)
  default     = {}
}

variable "network_tags" {
  description = "Network tags of every VM that is made here, for the firewall rules of a network of yours."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for tag in var.network_tags : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", tag))])
    error_message = "Expected tags of at most 63 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "grant_on_subnetworks" {
  description = "Whether to grant the functions the role Compute Network User on subnetworks of other projects (a shared VPC's). Whoever applies has to be allowed to; else output next_steps has the commands. The subnetworks must be known when Terraform plans."
  type        = bool
  default     = false
}

variable "ssh_over_iap" {
  description = "Whether the network that is created here allows SSH from Identity-Aware Proxy, to inspect a runner: `gcloud compute ssh --tunnel-through-iap`."
  type        = bool
  default     = false
}
