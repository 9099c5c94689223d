output "webhook_url" {
  description = "The webhook URL of the App."
  value       = module.slipway.webhook_url
}

output "next_steps" {
  description = "What is left to do by hand: `terraform output -raw next_steps`."
  value       = module.slipway.next_steps
}

output "address" {
  description = "Where the runners' traffic comes from."
  value       = google_compute_address.nat.address
}
