variable "functions" {
  description = <<-TEXT
    Size of each function; leave out what is to stay as it is. `cpu` of at least 1 is what Cloud Run asks for to give an
    instance more than one request at a time. `min_instances` above 0 spares the cold start and costs money while idle.
    `max_instances` null: what its queues need; 3 where there is no queue.
  TEXT
  type = object({
    # webhook has to answer within 10 s, or the delivery fails; a matrix is a burst of up to 256 jobs. With Cloud Functions' default of one
    # request per instance, a part of the burst would be answered 429.
    webhook = optional(object({
      cpu             = optional(string, "1")
      memory          = optional(string, "512Mi")
      concurrency     = optional(number, 80)
      timeout_seconds = optional(number, 30)
      min_instances   = optional(number, 0)
      max_instances   = optional(number, 10)
    }), {})
    # provision waits for Compute Engine most of the time. The time-out is below Cloud Tasks' dispatch deadline of 300 s, so that an
    # attempt has ended before the next one begins.
    provision = optional(object({
      cpu             = optional(string, "1")
      memory          = optional(string, "512Mi")
      concurrency     = optional(number, 10)
      timeout_seconds = optional(number, 240)
      min_instances   = optional(number, 0)
      max_instances   = optional(number)
    }), {})
    stop = optional(object({
      cpu             = optional(string, "1")
      memory          = optional(string, "512Mi")
      concurrency     = optional(number, 10)
      timeout_seconds = optional(number, 240)
      min_instances   = optional(number, 0)
      max_instances   = optional(number)
    }), {})
    # A lease keeps two sweeps apart: what comes during one is answered at once. The time-out is a minute above the sweep's budget,
    # sweep_budget_seconds.
    sweep = optional(object({
      cpu             = optional(string, "1")
      memory          = optional(string, "512Mi")
      concurrency     = optional(number, 10)
      timeout_seconds = optional(number, 300)
      min_instances   = optional(number, 0)
      max_instances   = optional(number, 2)
    }), {})
    api = optional(object({
      cpu             = optional(string, "1")
      memory          = optional(string, "512Mi")
      concurrency     = optional(number, 20)
      timeout_seconds = optional(number, 120)
      min_instances   = optional(number, 0)
      max_instances   = optional(number, 3)
    }), {})
  })
  default = {}

  validation {
    condition     = alltrue([for size in values(var.functions) : size.concurrency >= 1 && size.concurrency <= 1000])
    error_message = "Expected a concurrency of 1 to 1000."
  }

  validation {
    condition     = alltrue([for size in values(var.functions) : size.concurrency == 1 || try(tonumber(size.cpu) >= 1, false)])
    error_message = "Expected cpu of at least 1 where concurrency is above 1: Cloud Run refuses the deployment otherwise."
  }

  validation {
    condition     = alltrue([for size in values(var.functions) : can(regex("^[1-9][0-9]*(Mi|Gi)$", size.memory))])
    error_message = "Expected memory such as 512Mi or 1Gi."
  }

  validation {
    condition = alltrue([
      for size in values(var.functions) : size.min_instances >= 0 && size.min_instances <= coalesce(size.max_instances, 1000)
    ])
    error_message = "Expected min_instances of 0 up to max_instances."
  }

  validation {
    # GitHub's time-out of a delivery is 10 s, and that of a task's attempt is 300 s, which the code sets.
    condition     = var.functions.provision.timeout_seconds < 300 && var.functions.stop.timeout_seconds < 300
    error_message = "Expected timeout_seconds below 300 for provision and stop: an attempt has to end before Cloud Tasks begins the next one."
  }

  validation {
    condition     = var.functions.sweep.timeout_seconds >= var.sweep_budget_seconds + 30 && var.functions.sweep.timeout_seconds <= 1780
    error_message = "Expected timeout_seconds of sweep at least 30 above sweep_budget_seconds, so that a sweep ends by itself, and at most 1780, since Cloud Scheduler waits for half an hour at most."
  }
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
