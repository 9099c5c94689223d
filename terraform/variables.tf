variable "project" {
  description = "Id of the Google Cloud project in which everything is created."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "Found project \"${var.project}\", expected a project id (not its name or number): 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of the functions, the queues and the bucket. Runners can be in any region: see the pools."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Found region \"${var.region}\", expected a region such as us-central1, without a zone."
  }
}

variable "github_app_id" {
  description = "Id of a GitHub App that exists already, from its settings page (GITHUB_APP_ID). Null: the page /setup of api makes the App, and the id is a secret."
  type        = string
  default     = null

  validation {
    condition     = var.github_app_id == null || can(regex("^[1-9][0-9]*$", var.github_app_id))
    error_message = "Found github_app_id \"${coalesce(var.github_app_id, "null")}\", expected the number that the App's settings show as App ID."
  }
}

variable "github_auth" {
  description = "\"app\": a GitHub App. \"token\": a personal access token in its place (GITHUB_TOKEN), whose value goes into a secret by hand. An App is better: it has a limit of its own, sends the webhooks of all repositories, and its tokens last an hour."
  type        = string
  default     = "app"

  validation {
    condition     = contains(["app", "token"], var.github_auth)
    error_message = "Found github_auth \"${var.github_auth}\", expected app or token."
  }

  validation {
    condition     = var.github_auth == "app" || var.github_app_id == null && var.github_app_installation_id == null
    error_message = "Expected no github_app_id and no github_app_installation_id where github_auth is \"token\": the functions would use the App."
  }
}

variable "setup" {
  description = "Whether the page /setup of api may make the GitHub App: api may add versions to the secrets of the App's id, its key and the webhook. Without effect where github_app_id is given, with a token, and without webhooks."
  type        = bool
  default     = true
}

variable "pools" {
  description = "The pools of runners, YAML or JSON. The functions get this text unchanged as RUNNER_CONFIG. Must be known when Terraform plans."
  type        = string

  validation {
    # `repo` distinguishes the older list from an object without `pools`. pool-mistakes.tf checks the pools themselves.
    condition     = try(length([for pool in try(yamldecode(var.pools).pools, [for vm in yamldecode(var.pools) : vm.repo]) : pool]) > 0, false)
    error_message = "Expected YAML or JSON with a list `pools` of at least one pool, or the older list of VMs. `npm run plan` checks it."
  }

  validation {
    # Base64 has four characters for three bytes, so it gives the number of bytes; length() of the text would count characters.
    condition     = length(base64encode(var.pools)) * 3 / 4 <= 32000
    error_message = "Expected pools of at most 32,000 bytes: an environment variable of a function holds no more."
  }
}

variable "zone" {
  description = "Zone of persistent VMs whose pool names none (GOOGLE_CLOUD_ZONE)."
  type        = string
  default     = null

  validation {
    condition     = var.zone == null || can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z][a-z0-9]*$", var.zone))
    error_message = "Expected a zone such as us-central1-a."
  }
}

variable "deployment" {
  description = "Name of this deployment. Every created name begins with it, and it labels the VMs: two deployments in one project need different names."
  type        = string
  default     = "slipway"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.deployment))
    error_message = "Found deployment \"${var.deployment}\", expected 1 to 20 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "github_app_installation_id" {
  description = "Installation id of the App. Null: taken from each webhook."
  type        = string
  default     = null

  validation {
    condition     = var.github_app_installation_id == null || can(regex("^[1-9][0-9]*$", var.github_app_installation_id))
    error_message = "Expected a number: the last part of the installation's URL."
  }
}

variable "github_api_url" {
  description = "REST API of GitHub; of a GitHub Enterprise Server https://HOST/api/v3, with data residency https://api.NAME.ghe.com."
  type        = string
  default     = "https://api.github.com"

  validation {
    condition     = can(regex("^https://(api\\.github\\.com|api\\.[a-z0-9-]+\\.ghe\\.com|[^/]+/api/v3)$", var.github_api_url))
    error_message = "Found github_api_url \"${var.github_api_url}\", expected https://api.github.com, https://HOST/api/v3 of a GitHub Enterprise Server, or https://api.NAME.ghe.com, without a slash at the end."
  }
}

variable "log_level" {
  description = "Least severity that is logged."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "warning", "error", "critical"], lower(var.log_level))
    error_message = "Found log_level \"${var.log_level}\", expected debug, info, warning, error or critical, in any case."
  }
}

variable "dry_run" {
  description = "Whether to decide and log everything, but change nothing at GitHub or Compute Engine."
  type        = bool
  default     = false
}

variable "labels" {
  description = "Labels of every resource that can have labels, for cost reports."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value)) && !startswith(key, "slipway-")
    ])
    error_message = "Expected labels of lower-case letters, digits, hyphens and underscores; keys that begin with slipway- are Slipway's own."
  }
}
