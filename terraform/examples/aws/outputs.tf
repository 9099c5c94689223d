output "webhook_url" {
  description = "The webhook URL of the App."
  value       = module.slipway.webhook_url
}

output "next_steps" {
  description = "What is left to do by hand: `terraform output -raw next_steps`."
  value       = module.slipway.next_steps
}

output "role_arn" {
  description = "The role that the functions assume at AWS."
  value       = module.aws.role_arn
}
