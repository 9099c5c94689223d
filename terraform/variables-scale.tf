variable "github_apps" {
  description = <<-TEXT
    More GitHub Apps, which share the load of the first one (GITHUB_APPS): GitHub's limits hold for each App's installation, so that two Apps
    register twice as many runners a minute. Each needs the first App's permissions, no webhook, and to be installed where that one is. Its
    key goes into a secret of its own: see the output next_steps.
  TEXT
  type        = any # types and defaults: fields/settings.tf
  default     = []

  validation {
    condition     = alltrue([for app in var.github_apps : can(regex("^[1-9][0-9]*$", app.app_id))])
    error_message = "Expected app_id of each of github_apps to be the number that the App's settings show as App ID."
  }

  validation {
    condition     = alltrue([for app in var.github_apps : can(regex("^[1-9][0-9]*$", try(coalesce(app.installation_id), "1")))])
    error_message = "Expected installation_id of github_apps to be a number: the last part of the installation's URL."
  }

  validation {
    condition     = length(distinct([for app in var.github_apps : try(tostring(app.app_id), "")])) == length(var.github_apps) && !contains([for app in var.github_apps : try(tostring(app.app_id), "")], coalesce(var.github_app_id, "none"))
    error_message = "Expected each App once, in github_app_id or in github_apps: an App that is there twice has its limit once."
  }

  validation {
    condition     = var.github_auth == "app" || length(var.github_apps) == 0
    error_message = "Expected no github_apps where github_auth is \"token\": they share the load of a first App."
  }

  validation {
    condition     = length(var.github_apps) <= 20
    error_message = "Expected at most 20 of github_apps."
  }
}

variable "provision_queues" {
  description = "Number of provision queues, over which the owners of repositories are spread by a hash of their names. Each has provision_rate, times the number of Apps. 1 for one owner; with more owners, about as many as there are busy ones."
  type        = number
  default     = 1

  validation {
    condition     = var.provision_queues >= 1 && var.provision_queues <= 50 && floor(var.provision_queues) == var.provision_queues
    error_message = "Expected a whole number of 1 to 50 provision_queues."
  }
}
