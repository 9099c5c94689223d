variable "deployment" {
  description = "Name of the deployment (DEPLOYMENT). It is the tag by which the role may end instances, and begins every created name."
  type        = string
  default     = "slipway"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.deployment))
    error_message = "Found deployment \"${var.deployment}\", expected the main module's deployment: 1 to 20 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "subjects" {
  description = "Who may assume the role: unique ids of Google service accounts, by function. The main module's output aws_subjects."
  type        = map(string)

  validation {
    condition     = length(var.subjects) > 0 && alltrue([for id in values(var.subjects) : can(regex("^[0-9]{15,30}$", id))])
    error_message = "Expected the output aws_subjects: the unique id of each service account, a number, and not its e-mail."
  }
}

variable "audience" {
  description = "Audience of the identity tokens (AWS_WEB_IDENTITY_AUDIENCE). Null: slipway-<deployment>, as the functions have it."
  type        = string
  default     = null

  validation {
    condition     = var.audience == null || can(regex("^[A-Za-z0-9._:/-]{1,250}$", var.audience))
    error_message = "Expected an audience of letters, digits and . _ : / -, the same as in the main module's aws_web_identity_audience."
  }
}

variable "launch_templates" {
  description = <<-TEXT
    Launch templates, by the name that follows `<deployment>-`: `x64` makes `slipway-x64`, which a pool gives as `launchTemplate`.

    - `architecture`: x64 or arm64.
    - `image`: id of an AMI. Default: the newest Ubuntu 24.04 LTS when Terraform is applied, so apply monthly. One with the runner and tools baked
      in starts faster.
    - `instance_type`: default m7i.large or m7g.large. The pool's `instanceTypes` rule over it.
    - `disk_gb`: size of the root volume, gp3, encrypted with the account's key for EBS.
  TEXT
  type        = any # with an object type Terraform would drop unknown fields without a word; defaults: templates.tf
  default     = { x64 = {} }

  validation {
    condition     = alltrue([for template in values(var.launch_templates) : length(setsubtract(keys(template), keys(local.launch_template_defaults))) == 0])
    error_message = "Found the unknown fields ${join(", ", flatten([for name, template in try(var.launch_templates, {}) : [for field in setsubtract(keys(template), keys(local.launch_template_defaults)) : "launch_templates.${name}.${field}"]]))}, expected ${join(", ", keys(local.launch_template_defaults))}."
  }

  validation {
    condition     = length(var.launch_templates) > 0 && alltrue([for name in keys(var.launch_templates) : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Expected at least one launch template, with a name of lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue([for template in values(var.launch_templates) : contains(["x64", "arm64"], try(template.architecture, "x64"))])
    error_message = "Expected the architecture x64 or arm64."
  }

  validation {
    condition     = alltrue([for template in values(var.launch_templates) : can(regex("^ami-[0-9a-f]{8,17}$", try(coalesce(template.image), "ami-00000000")))])
    error_message = "Expected image as the id of an AMI, such as ami-0123456789abcdef0."
  }

  validation {
    condition     = alltrue([for template in values(var.launch_templates) : !can(template.disk_gb) || try(template.disk_gb >= 8 && template.disk_gb <= 65536 && floor(template.disk_gb) == template.disk_gb, false)])
    error_message = "Expected disk_gb as a whole number of 8 to 65536."
  }
}

variable "instance_types" {
  description = "Patterns of the instance types that the role may launch: a bound of the bill if the functions were taken over. Every type in the pools has to fit one."
  type        = list(string)
  default     = ["*.medium", "*.large", "*.xlarge", "*.2xlarge", "*.4xlarge"]

  validation {
    condition     = length(var.instance_types) > 0 && alltrue([for type in var.instance_types : can(regex("^[a-z0-9*?-]+(\\.[a-z0-9*?-]+)?$", type))])
    error_message = "Expected instance types such as m7i.large, or patterns such as m7i.* with * and ?."
  }
}

variable "subnets" {
  description = "Existing subnets for the instances, all of one VPC. They need a way out to GitHub. Null: a VPC with a public subnet in each zone is created."
  type        = list(string)
  default     = null

  validation {
    condition = var.subnets == null || (
      try(length(var.subnets), 0) > 0 && alltrue([for id in coalesce(var.subnets, []) : can(regex("^subnet-[0-9a-f]{8,17}$", id))])
    )
    error_message = "Expected ids of subnets such as subnet-0123456789abcdef0, at least one; or null."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the VPC that is created where subnets is null. Each subnet gets a sixteenth."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 24, false)
    error_message = "Expected a block of IPv4 addresses of /16 to /24, such as 10.20.0.0/16."
  }
}

variable "tags" {
  description = "Tags of every created resource, for cost reports."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "slipway-") && !startswith(key, "aws:") && key != "Name"])
    error_message = "Expected tags that do not begin with slipway- or aws:, and no Name: these are Slipway's and AWS's own."
  }
}

variable "belt_hours" {
  description = "Age in hours above which a function at AWS terminates an instance of the deployment, in case neither the instance nor the sweep does. Above the longest sum of bootMinutes, idleMinutes and jobMinutes of a pool. Null: there is no such function."
  type        = number
  default     = null

  validation {
    condition     = var.belt_hours == null || try(var.belt_hours >= 1 && var.belt_hours <= 720, false)
    error_message = "Expected belt_hours of 1 to 720, above the longest sum of a pool's minutes: what is older is terminated, with its job."
  }
}
