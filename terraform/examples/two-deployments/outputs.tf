output "webhook_url" {
  description = "The webhook URL of the App of production."
  value       = module.production.webhook_url
}

output "api_url" {
  description = "URL of the control API."
  value       = module.production.api_url
}

output "api_proxy" {
  description = "Command that makes the control API and its pages reachable at http://localhost:8080."
  value       = module.production.api_proxy
}

output "function_urls" {
  description = "URL of each function."
  value       = module.production.function_urls
}

output "queues" {
  description = "Full names of the queues."
  value       = module.production.queues
}

output "next_steps" {
  description = "What is left to do by hand: `terraform output -raw next_steps`."
  value       = module.production.next_steps
}

output "trial" {
  description = "The same of the trial: `terraform output -json trial`."
  value = {
    webhook_url = module.trial.webhook_url
    api_url     = module.trial.api_url
    api_proxy   = module.trial.api_proxy
    next_steps  = module.trial.next_steps
  }
}
