# Mistakes in the pools, as far as Terraform can see them: with them the functions would answer 503, or no VM could be made. `npm run plan`
# finds every mistake, because it reads the pools as the functions do; these are for whoever calls terraform itself.
locals {
  # A test compares them with those that the functions know.
  provider_types = ["gce", "gce-vm", "cloud-run", "docker", "ec2", "codemagic"]

  pool_patterns = {
    name       = "^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$"
    vm         = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
    region     = "^[a-z]+-[a-z]+[0-9]+$"
    aws_region = "^[a-z]{2}(-[a-z]+)+-[0-9]+$"
    subnet     = "^subnet-[0-9a-z]+$"
    zone       = "^[a-z]+-[a-z]+[0-9]+-[a-z][a-z0-9]*$"
    template   = "(^|/)(global|regions/[a-z0-9-]+)/instanceTemplates/[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
  }

  # The older list has no names and regions that could be wrong.
  given_pools = try([for pool in yamldecode(var.pools).pools : pool], [])
  given_names = [for pool in local.given_pools : try(tostring(pool.name), "")]
  # Regions of the templates that are made here, by name.
  given_templates = { for template in values(local.runner_templates) : template.name => template.region... }

  # What several rules need of a pool.
  pool_views = [
    for pool in local.given_pools : {
      keys     = try(keys(pool), [])
      type     = try(tostring(pool.provider.type), "")
      template = try(tostring(pool.provider.template), "")
      zones    = try([for zone in pool.provider.zones : tostring(zone)], [])
      # Where the functions make its VMs.
      region = try(
        tostring(pool.provider.region),
        regex("^(.+)-[^-]+$", pool.provider.zones[0])[0],
        regex("(?:^|/)regions/([a-z0-9-]+)/", pool.provider.template)[0],
        var.region,
      )
      # Of its template, if that is regional. Empty: it is not known here.
      homes = try(local.given_templates[pool.provider.template], [regex("(?:^|/)regions/([a-z0-9-]+)/", pool.provider.template)[0]], [])

      labels = [for label in concat(try(tolist(pool.requires), []), try(tolist(pool.offers), [])) : try(lower(label), "")]
      types  = try([for type in pool.provider.machineTypes : tostring(type)], [])
      # Those that are made here, as keys of local.machines.
      machines = [
        for key in concat(
          try(pool.provider.type, "") == "gce" ? [try("template/${pool.provider.template}", "")] : [],
          try(pool.provider.type, "") == "gce-vm" ? [try("vm/${pool.provider.instance}", "")] : [],
          try(pool.provider.type, "") == "docker" ? [for name, host in local.docker_hosts : "host/${name}" if try(contains(pool.provider.hosts, host.host), false)] : [],
        ) : key if contains(keys(local.machines), key)
      ]
    }
  ]

  pool_mistakes = flatten([
    for index, pool in local.given_pools : [
      for mistake in [
        for view in [local.pool_views[index]] : [
          can(pool.name) && !can(regex(local.pool_patterns.name, pool.name)) ?
          ".name: found ${jsonencode(pool.name)}, expected 1 to 20 lower-case letters, digits and hyphens, a letter first" : "",

          can(pool.name) && try(index(local.given_names, pool.name), index) != index ?
          ".name: found ${jsonencode(pool.name)}, the name of an earlier pool too, expected different names" : "",

          length(setintersection(view.keys, ["repo", "repos", "org"])) != 1 ?
          ": found ${jsonencode(setintersection(view.keys, ["repo", "repos", "org"]))}, expected exactly one of repo, repos and org" : "",

          can(pool.requires) && !can([for label in pool.requires : label]) || can(pool.offers) && !can([for label in pool.offers : label]) ?
          ": expected requires and offers as lists of labels" :
          try(length(pool.requires), 0) + try(length(pool.offers), 0) == 0 ?
          ": found neither requires nor offers with a label, expected labels in one of them or in both" : "",

          # A name that is made from labels is not known here.
          can(pool.fallback) && !contains(local.given_names, "") && (try(pool.fallback == pool.name, false) || !contains(local.given_names, try(tostring(pool.fallback), ""))) ?
          ".fallback: found ${jsonencode(pool.fallback)}, expected the name of another pool" : "",

          !contains(local.provider_types, view.type) ?
          ".provider.type: found ${jsonencode(view.type)}, expected ${join(" or ", local.provider_types)}" : "",

          view.type == "gce" && !can(regex(local.pool_patterns.vm, view.template)) && !can(regex(local.pool_patterns.template, view.template)) ?
          ".provider.template: found ${jsonencode(view.template)}, expected the name of an instance template, or projects/P/global/instanceTemplates/T" : "",

          # {}: all templates are somebody else's.
          view.type == "gce" && try(length(var.runner_templates), 0) > 0 && can(regex(local.pool_patterns.vm, view.template)) && !contains(keys(local.given_templates), view.template) ?
          ".provider.template: found ${view.template}, which is missing in ${view.region}, expected one of runner_templates (${join(", ", keys(local.given_templates))}); for a template of your own projects/P/regions/R/instanceTemplates/T" : "",

          view.type != "ec2" && can(pool.provider.region) && !can(regex(local.pool_patterns.region, pool.provider.region)) ?
          ".provider.region: found ${jsonencode(pool.provider.region)}, expected a region such as us-central1" :
          view.type == "gce" && length(view.homes) > 0 && !contains(view.homes, view.region) ? (
            contains(keys(local.given_templates), view.template) ?
            ".provider: found no template ${view.template} in ${view.region}, expected ${join(", ", view.homes)}, where runner_templates has it; without a region of its own it is made wherever pools name it" :
            ".provider: found the region ${view.region}, expected ${join(", ", view.homes)}, the region of the template ${view.template}"
          ) : "",

          can(pool.provider.zones) && (length(view.zones) == 0 || !alltrue([for zone in view.zones : can(regex(local.pool_patterns.zone, zone))])) ?
          ".provider.zones: found ${jsonencode(pool.provider.zones)}, expected a list of zones such as us-central1-a" :
          length(view.homes) > 0 && !alltrue([for zone in view.zones : startswith(zone, "${view.region}-")]) ?
          ".provider.zones: found ${jsonencode(view.zones)}, expected zones of ${view.region}: a pool takes the template ${view.template} of one region; for another region make another pool" : "",

          view.type == "ec2" && !can(regex(local.pool_patterns.aws_region, pool.provider.region)) ?
          ".provider.region: found ${jsonencode(try(pool.provider.region, null))}, expected a region of AWS such as us-east-1" : "",

          view.type == "ec2" && !try(length(pool.provider.subnets) > 0 && alltrue([for id in pool.provider.subnets : can(regex(local.pool_patterns.subnet, id))]), false) ?
          ".provider.subnets: found ${jsonencode(try(pool.provider.subnets, null))}, expected ids of subnets such as subnet-0123456789abcdef0" : "",

          can(pool.provider.zone) && !can(regex(local.pool_patterns.zone, pool.provider.zone)) ?
          ".provider.zone: found ${jsonencode(pool.provider.zone)}, expected a zone such as us-central1-a" : "",

          view.type == "gce-vm" && !can(regex(local.pool_patterns.vm, pool.provider.instance)) ?
          ".provider.instance: found ${jsonencode(try(pool.provider.instance, null))}, expected the name of a VM" :
          view.type == "gce-vm" && try(module.fields.persistent_vms[pool.provider.instance].zone != coalesce(try(pool.provider.zone, null), var.zone), false) ?
          ".provider.zone: found ${coalesce(try(pool.provider.zone, null), var.zone)}, expected ${module.fields.persistent_vms[pool.provider.instance].zone}, the zone of ${pool.provider.instance} in persistent_vms" : "",
        ]
      ] : [for text in mistake : "pools[${index}]${text}" if text != ""]
    ]
  ])
}

# Not validations of the variables: these may use nothing that depends on a variable. Several, because a key or an image that is made in the same
# apply is not known in the plan, and the rest is to be found in the plan all the same.
resource "terraform_data" "pools" {
  lifecycle {
    precondition {
      condition     = length(local.unknown_fields) + length(local.pool_mistakes) + length(local.container_mistakes) + length(local.job_mistakes) == 0
      error_message = join("\n", concat(local.unknown_fields, local.job_mistakes, local.pool_mistakes, local.container_mistakes, ["`npm run plan` finds every mistake in the pools."]))
    }

    precondition {
      condition     = length(local.setting_mistakes) == 0
      error_message = join("\n", local.setting_mistakes)
    }

    precondition {
      condition     = length(local.machine_mistakes) == 0
      error_message = join("\n", local.machine_mistakes)
    }

    precondition {
      condition     = length(local.label_mistakes) == 0
      error_message = join("\n", local.label_mistakes)
    }
  }
}

# Some VMs may be there already while others are made here, so this is a warning.
check "persistent_vms_of_the_pools" {
  assert {
    condition = length(keys(module.fields.persistent_vms)) == 0 || length(setsubtract([for vm in values(local.pool_vms) : vm.name], keys(module.fields.persistent_vms))) == 0
    error_message = format(
      "Found pools with the VMs %s, which are not in persistent_vms (%s): they have to be there already.",
      join(", ", setsubtract([for vm in values(local.pool_vms) : vm.name], keys(module.fields.persistent_vms))),
      join(", ", keys(module.fields.persistent_vms)),
    )
  }
}
