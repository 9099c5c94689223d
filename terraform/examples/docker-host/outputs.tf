output "webhook_url" {
  description = "The webhook URL of the App."
  value       = module.slipway.webhook_url
}

output "api_url" {
  description = "URL of the control API."
  value       = module.slipway.api_url
}

output "api_proxy" {
  description = "Command that makes the control API and its pages reachable at http://localhost:8080."
  value       = module.slipway.api_proxy
}

output "function_urls" {
  description = "URL of each function."
  value       = module.slipway.function_urls
}

output "queues" {
  description = "Full names of the queues."
  value       = module.slipway.queues
}

output "next_steps" {
  description = "What is left to do by hand: `terraform output -raw next_steps`."
  value       = module.slipway.next_steps
}
