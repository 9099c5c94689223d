variable "sweep_interval_seconds" {
  description = "Time from one sweep to the next (SWEEP_INTERVAL_SECONDS): 10 to 60 seconds, or a multiple of 60 up to an hour. Below 60, each minute's sweep plans the others of that minute as tasks."
  type        = number
  default     = 60

  # Terraform evaluates both sides of || and &&.
  validation {
    condition = (
      floor(var.sweep_interval_seconds) == var.sweep_interval_seconds && var.sweep_interval_seconds >= 10 && var.sweep_interval_seconds <= 3600 &&
      (var.sweep_interval_seconds <= 60 || var.sweep_interval_seconds % 60 == 0)
    )
    error_message = "Found sweep_interval_seconds ${var.sweep_interval_seconds}, expected a whole number of seconds: 10 to 60, or a multiple of 60 up to 3600, because Cloud Scheduler knows whole minutes only."
  }
}

variable "sweep_schedule" {
  description = "When Cloud Scheduler starts the sweep, in cron's five fields, UTC. Null: as sweep_interval_seconds says."
  type        = string
  default     = null

  validation {
    condition     = var.sweep_schedule == null || length(split(" ", trimspace(coalesce(var.sweep_schedule, "-")))) == 5
    error_message = "Found sweep_schedule \"${coalesce(var.sweep_schedule, "-")}\", expected the five fields of cron, e.g. * * * * * for every minute."
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
