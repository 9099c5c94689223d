variable "sweep_schedule" {
  description = "When the sweep runs, in cron's five fields, UTC."
  type        = string
  default     = "* * * * *"

  validation {
    condition     = length(split(" ", trimspace(var.sweep_schedule))) == 5
    error_message = "Found sweep_schedule \"${var.sweep_schedule}\", expected the five fields of cron, e.g. * * * * * for every minute."
  }
}

variable "sweep_budget_seconds" {
  description = "Time budget of one sweep; the next sweep continues with the rest of a large fleet (SWEEP_BUDGET_SECONDS)."
  type        = number
  default     = 240

  validation {
    condition     = var.sweep_budget_seconds >= 10 && var.sweep_budget_seconds <= 1700
    error_message = "Expected 10 to 1700 seconds."
  }
}

variable "scheduler_region" {
  description = "Region of the Cloud Scheduler job. Null: the region. Required if that region has no Cloud Scheduler."
  type        = string
  default     = null
}

variable "webhooks" {
  description = "\"off\": there is no webhook; the sweep finds the jobs (WEBHOOKS)."
  type        = string
  default     = "on"

  validation {
    condition     = contains(["on", "off"], var.webhooks)
    error_message = "Found webhooks \"${var.webhooks}\", expected on or off."
  }
}
