variable "subnetworks" {
  description = <<-TEXT
    Existing subnetworks for VMs, by region: names, or URLs of a shared VPC's. They need Cloud NAT or external_ip, since a runner
    calls GitHub. For regions of runner_templates and persistent_vms that are not listed, a network with Cloud NAT and no ingress is made.
  TEXT
  type        = map(string)
  default     = {}
}

variable "ssh_over_iap" {
  description = "Whether the network that is created here allows SSH from Identity-Aware Proxy, to inspect a runner: `gcloud compute ssh --tunnel-through-iap`."
  type        = bool
  default     = false
}
