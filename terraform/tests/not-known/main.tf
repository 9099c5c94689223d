# Fields whose values are known after the apply only, or are sensitive, beside some that there are not.
terraform {
  required_version = ">= 1.11"
}

resource "terraform_data" "key" {
  input = "key"
}

locals {
  given = {
    image    = terraform_data.key.output
    metadata = { key = terraform_data.key.output, word = sensitive("word") }
    disks    = [{ gb = terraform_data.key.output, kind = "pd-ssd" }]
    imag     = "x"
  }
}

module "typed" {
  source = "../../fields"

  runner_templates = { a = local.given }
  persistent_vms   = {}
  docker_hosts     = {}
  cloud_run_jobs   = {}
  functions        = null
  provision_rate   = null
  monitoring       = null
  github_apps      = null
  vpc_connector    = null
  proxy            = null
  kms_keys         = null
}

module "unknown_1" {
  source = "../../fields/unknown"

  objects = [{ path = "a", given = local.given, typed = module.typed.runner_templates["a"] }]
}

module "unknown_2" {
  source = "../../fields/unknown"

  objects = module.unknown_1.inside
}

module "unknown_3" {
  source = "../../fields/unknown"

  objects = module.unknown_2.inside
}

output "fields" {
  value = [for text in concat(module.unknown_1.unknown, module.unknown_2.unknown, module.unknown_3.unknown) : split(":", text)[0]]
}
