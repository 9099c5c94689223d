variable "functions" {
  description = <<-TEXT
    Size of each function; leave out what is to stay as it is. `cpu` of at least 1 is what Cloud Run asks for to give an
    instance more than one request at a time. `min_instances` above 0 spares the cold start and costs money while idle.
    `max_instances` null: what its queues need; 3 where there is no queue.
  TEXT
  type        = any # types and defaults: fields/settings.tf
  default     = {}
}

variable "api_public" {
  description = "Whether the function api is open to all, protected by its own secret only. False: callers also need a Google identity from api_callers. Docker hosts outside Google Cloud have none, so they need true; those of docker_hosts do not."
  type        = bool
  default     = false
}

variable "invoker_iam_disabled" {
  description = <<-TEXT
    Whether the functions that are open to all (webhook, with api_public also api) are opened by switching off Cloud Run's check of callers, and
    not by a grant to allUsers. Google recommends it, and it is the way where an organisation forbids grants to allUsers. It is done by the commands
    in output next_steps.
  TEXT
  type        = bool
  default     = false
}

variable "api_callers" {
  description = "Who may call the function api if it is not public, e.g. [\"user:me@example.com\", \"group:ci@example.com\"]."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.api_callers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+", member))])
    error_message = "Expected members such as user:me@example.com. For all, set api_public."
  }
}

variable "cors_origins" {
  description = "Origins whose pages may call the function api from a browser (CORS_ORIGINS)."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : origin == "*" || can(regex("^https?://[^/,]+$", origin))])
    error_message = "Expected origins such as https://example.com, without a path, or *."
  }
}
