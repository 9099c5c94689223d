variable "bundles" {
  description = "Folder with one bundle for each function, as created by `npm run build`. Null: ../dist beside this module."
  type        = string
  default     = null
}

variable "provision_rate" {
  description = "Limits of the provision queue. 2.85 a second is 95 % of GitHub's secondary limit: 900 points a minute, 5 for the JIT config of a runner. 40 at once, because a task waits for its VM. Lower the rate if something else uses the same App."
  type        = any # types and defaults: fields/settings.tf
  default     = {}
}

variable "task_max_attempts" {
  description = "Attempts of a task. At the last attempt the functions write a dead letter, so the queue and the code get the same number."
  type        = number
  default     = 20

  validation {
    condition     = var.task_max_attempts >= 2 && var.task_max_attempts <= 100 && floor(var.task_max_attempts) == var.task_max_attempts
    error_message = "Expected a whole number of 2 to 100 attempts: without a bound a broken task would be tried for ever."
  }
}

variable "firestore_location" {
  description = "Location of the database, which cannot be changed later. Null: the region. A multi-region such as nam5 or eur3 works, too."
  type        = string
  default     = null
}

variable "create_firestore_database" {
  description = "Whether to create the database. False: firestore_database exists already, in native mode; it gets the TTL policies and indexes."
  type        = bool
  default     = true
}

variable "firestore_database" {
  description = "Id of the database. Null: <deployment>-state."
  type        = string
  default     = null

  validation {
    condition = (
      var.firestore_database == null || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.firestore_database)) ||
      (var.firestore_database == "(default)" && !var.create_firestore_database)
    )
    error_message = "Expected 4 to 63 lower-case letters, digits and hyphens, a letter first. The database (default) is never made, but an existing one can be used."
  }

  validation {
    condition     = var.firestore_database != null || var.create_firestore_database
    error_message = "Expected the id of the existing database where create_firestore_database is false."
  }
}

variable "deletion_protection" {
  description = "Whether the database refuses to be deleted. Apply with false before `terraform destroy`."
  type        = bool
  default     = true
}

variable "seed_webhook_secret" {
  description = "Whether to create a first, random version of the webhook secret. False: you have added a version before the first apply of the functions, or have destroyed version 1."
  type        = bool
  default     = true
}

variable "seed_task_signing_key" {
  description = "Whether to create a first, random version of the key that signs tasks. False: you have added a version before the first apply of the functions, or have destroyed version 1."
  type        = bool
  default     = true
}

variable "tracing" {
  description = "Whether the functions send traces to Cloud Trace (TRACING)."
  type        = bool
  default     = false
}
