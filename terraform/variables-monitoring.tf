variable "monitoring" {
  description = <<-TEXT
    What is watched, each part for itself: log-based `metrics`, a `dashboard` over them, and `alerts`, of which `without` leaves some out
    (see `notification_channels` for who is told). docs/operate.md says what each alert means.

    - `job_wait_minutes`: a job that has waited longer than this for a runner raises an alert.
    - `sweep_silence_minutes`: as long without a sweep that ended well raises an alert.
  TEXT
  type        = any # types and defaults: fields/settings.tf
  default     = {}
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
