# Variables whose values are objects. Terraform drops unknown fields of an object type without a word. So the variables take anything, module
# fields has their types and defaults, and what it makes of them is compared with what was given.
locals {
  given_fields = {
    runner_templates = local.requested_templates
    persistent_vms   = var.persistent_vms
    docker_hosts     = var.docker_hosts
    cloud_run_jobs   = local.requested_jobs
    functions        = var.functions
    provision_rate   = var.provision_rate
    monitoring       = var.monitoring
    github_apps      = var.github_apps
    vpc_connector    = var.vpc_connector
    proxy            = var.proxy
    kms_keys         = var.kms_keys
  }

  unknown_fields = sort(concat(module.unknown_1.unknown, module.unknown_2.unknown, module.unknown_3.unknown, module.unknown_4.unknown))
}

module "fields" {
  source = "./fields"

  runner_templates = local.given_fields.runner_templates
  persistent_vms   = local.given_fields.persistent_vms
  docker_hosts     = local.given_fields.docker_hosts
  cloud_run_jobs   = local.given_fields.cloud_run_jobs
  functions        = local.given_fields.functions
  provision_rate   = local.given_fields.provision_rate
  monitoring       = local.given_fields.monitoring
  github_apps      = local.given_fields.github_apps
  vpc_connector    = local.given_fields.vpc_connector
  proxy            = local.given_fields.proxy
  kms_keys         = local.given_fields.kms_keys
}

# One for each level of objects, maps and lists within a variable: runner_templates, NAME, disks, [0].
module "unknown_1" {
  source = "./fields/unknown"

  objects = [for name, given in local.given_fields : { path = name, given = given, typed = module.fields[name] } if can([for item in given : true])]
}

module "unknown_2" {
  source = "./fields/unknown"

  objects = module.unknown_1.inside
}

module "unknown_3" {
  source = "./fields/unknown"

  objects = module.unknown_2.inside
}

module "unknown_4" {
  source = "./fields/unknown"

  objects = module.unknown_3.inside
}
