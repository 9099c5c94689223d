variable "monitoring" {
  description = <<-TEXT
    What is watched, each part for itself: log-based `metrics`, a `dashboard` over them, and `alerts`, of which `without` leaves some out
    (see `notification_channels` for who is told). docs/operate.md says what each alert means.

    - `job_wait_minutes`: a job that has waited longer than this for a runner raises an alert.
    - `sweep_silence_minutes`: as long without a sweep that ended well raises an alert.
  TEXT
  type = object({
    metrics               = optional(bool, true)
    dashboard             = optional(bool, true)
    alerts                = optional(bool, true)
    without               = optional(set(string), [])
    job_wait_minutes      = optional(number, 10)
    sweep_silence_minutes = optional(number, 15)
  })
  default = {}

  validation {
    condition     = length(setsubtract(var.monitoring.without, ["job_waits", "unserved", "dead_letter", "alert", "github_limit", "boot_failure", "quota", "breaker", "webhook_silent", "runner_version", "broken", "sweep_silent", "errors"])) == 0
    error_message = "Expected `without` to hold names of alerts: job_waits, unserved, dead_letter, alert, github_limit, boot_failure, quota, breaker, webhook_silent, runner_version, broken, sweep_silent, errors."
  }

  validation {
    condition     = !var.monitoring.dashboard || var.monitoring.metrics
    error_message = "Expected metrics where there is a dashboard: it shows them."
  }

  validation {
    condition     = var.monitoring.job_wait_minutes > 0 && var.monitoring.sweep_silence_minutes >= 5 && var.monitoring.sweep_silence_minutes <= 1410
    error_message = "Expected job_wait_minutes above 0, and sweep_silence_minutes of 5 to 1410."
  }
}

variable "notification_channels" {
  description = "Notification channels that get the alerts, as projects/P/notificationChannels/N. Empty: alerts are only shown."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for channel in var.notification_channels : startswith(channel, "projects/")])
    error_message = "Expected names such as projects/my-project/notificationChannels/123: `gcloud beta monitoring channels list --format='value(name)'` shows them."
  }
}
