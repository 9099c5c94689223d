# The settings of the pools that Compute Engine's resources depend on. The functions read all other settings.
locals {
  # {defaults, pools}, or the older list of VMs.
  pool_list = try(yamldecode(var.pools).pools, yamldecode(var.pools))

  # Templates that pools of type gce name by a bare name, each with the settings of its first pool.
  pool_templates = {
    for name, pools in {
      for pool in local.pool_list : pool.provider.template => pool...
      if try(pool.provider.type, "") == "gce" && can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", pool.provider.template))
    } :
    name => {
      machine_type = try(pools[0].provider.machineTypes[0], "e2-standard-4")
    }
  }

  # Whether a pool starts builds at CodeMagic, for which the functions need a token.
  has_codemagic = var.codemagic != null ? var.codemagic : anytrue([for pool in local.pool_list : try(pool.provider.type, "") == "codemagic"])
  # Pools that hold VMs stopped or suspended.
  has_standby = anytrue([for pool in local.pool_list : try(pool.standby, null) != null])


  # How long a runner of a template may have no job before the VM powers itself off: longer than its pools' minutes, because the control
  # plane deregisters an idle runner first, which the VM cannot do. 0 (never) if warm runners are kept: maxRunDuration ends them.
  pool_defaults = try(yamldecode(var.pools).defaults, {})
  idle_seconds = {
    for name, pools in {
      for pool in local.pool_list : pool.provider.template => {
        minutes = try(pool.bootMinutes, local.pool_defaults.bootMinutes, 5) + try(pool.idleMinutes, local.pool_defaults.idleMinutes, 10)
        warm    = try(pool.minIdle, local.pool_defaults.minIdle, 0) != 0
      }... if try(pool.provider.type, "") == "gce" && can(pool.provider.template)
    } :
    name => anytrue(pools[*].warm) ? 0 : ceil(max(pools[*].minutes...) * 60) + 300
  }

  # VMs that pools of type gce-vm start and stop, by zone/name. If several pools share a VM, the first one determines where its runner
  # is registered, and with which labels.
  pool_vms = {
    for key, vms in {
      for vm in [
        for pool in local.pool_list : {
          name   = try(pool.provider.instance, pool.vm_instance_name)
          zone   = try(coalesce(try(pool.provider.zone, pool.vm_instance_zone, null), var.zone), "")
          owner  = try(pool.repo, pool.org, one([for repo in pool.repos : repo if !strcontains(repo, "*")]), "")
          labels = try(join(",", try(pool.requires, pool.labels)), "")
        } if try(pool.provider.type == "gce-vm" && can(pool.provider.instance), can(pool.vm_instance_name))
      ] : "${vm.zone}/${vm.name}" => vm...
    } : key => vms[0]
  }

  # All regions and labels of the pools of each template.
  pool_template_uses = {
    for name, uses in {
      for pool in local.pool_list : pool.provider.template => {
        region = try(pool.provider.region, regex("^(.+)-[^-]+$", pool.provider.zones[0])[0], var.region)
        labels = [for label in concat(try(tolist(pool.requires), []), try(tolist(pool.offers), [])) : lower(label)]
      }... if try(pool.provider.type, "") == "gce" && can(pool.provider.template)
    } :
    name => {
      regions = distinct(uses[*].region)
      labels  = distinct(flatten(uses[*].labels))
    }
  }

  # URL of GitHub's pages: github.com, NAME.ghe.com, or https://HOST for the API https://HOST/api/v3 of a GitHub Enterprise Server.
  github_url = replace(trimsuffix(var.github_api_url, "/api/v3"), "/^https:\\/\\/api\\.(github\\.com|[a-z0-9-]+\\.ghe\\.com)$/", "https://$1")
}
