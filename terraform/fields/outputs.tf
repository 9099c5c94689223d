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
