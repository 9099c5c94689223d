# As variables.tf, for the variables that are one object or a list of objects.
variable "functions" {
  description = "As the main module's variable."
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
  nullable = false
  default  = {}
}

variable "provision_rate" {
  description = "As the main module's variable."
  type = object({
    per_second = optional(number, 2.85)
    concurrent = optional(number, 40)
  })
  nullable = false
  default  = {}
}

variable "monitoring" {
  description = "As the main module's variable."
  type = object({
    metrics               = optional(bool, true)
    dashboard             = optional(bool, true)
    alerts                = optional(bool, true)
    without               = optional(set(string), [])
    job_wait_minutes      = optional(number, 10)
    sweep_silence_minutes = optional(number, 15)
  })
  nullable = false
  default  = {}
}

variable "github_apps" {
  description = "As the main module's variable."
  type = list(object({
    app_id          = string
    installation_id = optional(string)
  }))
  nullable = false
  default  = []
}

variable "vpc_connector" {
  description = "As the main module's variable."
  type = object({
    name   = string
    egress = optional(string, "PRIVATE_RANGES_ONLY")
  })
}

variable "proxy" {
  description = "As the main module's variable."
  type = object({
    url       = string
    no_proxy  = optional(list(string), [])
    functions = optional(bool, true)
    runners   = optional(bool, true)
  })
}

variable "kms_keys" {
  description = "As the main module's variable."
  type = object({
    database = optional(string)
    secrets  = optional(string)
    bucket   = optional(string)
  })
  nullable = false
  default  = {}
}
