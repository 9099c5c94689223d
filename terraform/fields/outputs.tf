output "runner_templates" {
  description = "With types and defaults, by name."
  value       = var.runner_templates
}

output "persistent_vms" {
  description = "With types and defaults, by name."
  value       = var.persistent_vms
}

output "docker_hosts" {
  description = "With types and defaults, by name."
  value       = var.docker_hosts
}

output "cloud_run_jobs" {
  description = "With types and defaults, by name."
  value       = var.cloud_run_jobs
}

output "functions" {
  description = "With types and defaults."
  value       = var.functions
}

output "provision_rate" {
  description = "With types and defaults."
  value       = var.provision_rate
}

output "monitoring" {
  description = "With types and defaults."
  value       = var.monitoring
}

output "github_apps" {
  description = "With types and defaults."
  value       = var.github_apps
}

output "vpc_connector" {
  description = "With types and defaults."
  value       = var.vpc_connector
}

output "proxy" {
  description = "With types and defaults."
  value       = var.proxy
}

output "kms_keys" {
  description = "With types and defaults."
  value       = var.kms_keys
}
