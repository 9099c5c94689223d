# The image and disk that a machine type requires, for templates, persistent VMs and Docker hosts that do not set their own.
locals {
  startup_scripts = {
    template = "${path.module}/runner/startup.sh"
    windows  = "${path.module}/runner/startup.ps1"
    vm       = "${path.module}/runner/persistent.sh"
    host     = "${path.module}/runner/docker-host.sh"
  }

  # By default the templates that the pools name. merge() leaves out null.
  requested_templates = merge(var.runner_templates, {
    for name, template in local.pool_templates : name => { machine_type = template.machine_type } if var.runner_templates == null
  })

  # A template is made in its own region, else in each region in which pools name it. The first keeps the bare name as its key, so that another
  # region adds a template and touches none.
  runner_templates = merge([
    for name, template in module.fields.runner_templates : {
      for index, region in(
        template.region != null ? [template.region] : try(local.pool_template_uses[name].regions, [var.region])
      ) : index == 0 ? name : "${name}/${region}" => merge(template, { name = name, region = region })
    }
  ]...)

  # By kind and name: a template and a VM may have the same name.
  machines = merge(
    { for name, template in module.fields.runner_templates : "template/${name}" => template },
    { for name, vm in module.fields.persistent_vms : "vm/${name}" => vm },
    { for name, vm in module.fields.docker_hosts : "host/${name}" => vm },
  )

  # https://docs.cloud.google.com/compute/docs/instances/arm-on-compute
  arm64_types = "^(t2a|c4a|n4a|a4x)-"
  arm64       = { for key, machine in local.machines : key => can(regex(local.arm64_types, machine.machine_type)) }
  # https://docs.cloud.google.com/compute/docs/disks/hyperdisks#machine-type-support
  hyperdisk = { for key, machine in local.machines : key => can(regex("^(c4|c4a|c4d|n4|n4a|n4d|h4d|m4|x4|a4|a4x|g4)-|^a3-ultragpu-", machine.machine_type)) }

  images = {
    for key, machine in local.machines :
    key => coalesce(machine.image, "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-${local.arm64[key] ? "arm64" : "amd64"}")
  }
  disk_types = { for key, machine in local.machines : key => coalesce(machine.disk_type, local.hyperdisk[key] ? "hyperdisk-balanced" : "pd-balanced") }
  # With GPUs: a2, a3, a4, g2, g4 and newer ones of the kind. https://docs.cloud.google.com/compute/docs/accelerator-optimized-machines
  gpus = { for key, machine in local.machines : key => can(regex("^[ag][0-9]+x?-", machine.machine_type)) || machine.accelerator != null }
  # https://docs.cloud.google.com/compute/docs/instances/live-migration-process#limitations
  not_migrated = { for key, machine in local.machines : key => local.gpus[key] || can(regex("^(h3|h4d|x4|z3)-|-metal$", machine.machine_type)) }
  # GPU drivers that are installed at the start, even by the image's own installer, are not signed: Secure Boot would not load them.
  unsigned_drivers = { for key, machine in local.machines : key => local.gpus[key] || can(regex("(?i)^true$", machine.metadata["install-nvidia-driver"])) }
  secure_boots = {
    for key, machine in local.machines : key => machine.secure_boot != null ? machine.secure_boot : !local.arm64[key] && !local.unsigned_drivers[key]
  }

  # The scope in which persistent.sh registers the runner, from the VM's pool.
  registrations = {
    for vm in values(local.pool_vms) : vm.name => merge(
      vm.owner == "" ? {} : { slipway-github-url = "${local.github_url}/${vm.owner}" },
      vm.labels == "" ? {} : { slipway-labels = vm.labels },
    ) if contains(keys(module.fields.persistent_vms), vm.name)
  }

  machine_metadata = {
    for key, machine in local.machines : key => merge(
      {
        block-project-ssh-keys     = "true"
        enable-oslogin             = "TRUE"
        serial-port-logging-enable = "true" # the logs of a VM that is gone are all there is of it
      },
      machine.startup_script == "" ? {} : {
        (local.windows[key] ? "windows-startup-script-ps1" : "startup-script") = machine.startup_script != null ? machine.startup_script : file(
          local.startup_scripts[local.windows[key] && startswith(key, "template/") ? "windows" : split("/", key)[0]]
        )
      },
      # Windows has no signal that would tell the startup script of a shutdown.
      local.windows[key] && machine.startup_script == null ? { windows-shutdown-script-ps1 = file("${path.module}/runner/shutdown.ps1") } : {},
      var.ca_certificates == null ? {} : { slipway-ca-certificates = var.ca_certificates },
      !try(module.fields.proxy.runners, false) ? {} : {
        slipway-proxy    = module.fields.proxy.url
        slipway-no-proxy = join(",", concat(local.never_by_proxy, module.fields.proxy.no_proxy))
      },
      try({ slipway-idle-seconds = tostring(local.idle_seconds[trimprefix(key, "template/")]) }, {}),
      try(local.registrations[trimprefix(key, "vm/")], {}),
      try(local.host_metadata[trimprefix(key, "host/")], {}),
      machine.metadata,
    )
  }

  # By what the image is called, else by the labels of the template's pools. Of other images nothing is known.
  linux_names = "(?i)ubuntu|debian|rocky|rhel|centos|sles|suse|almalinux|fedora"
  windows = {
    for key, machine in local.machines : key => can(regex("(?i)windows", machine.image)) || (
      machine.image != null && !can(regex(local.linux_names, machine.image)) &&
      contains(try(local.pool_template_uses[trimprefix(key, "template/")].labels, []), "windows")
    )
  }
  linux = { for key, machine in local.machines : key => machine.image == null || !local.windows[key] && can(regex(local.linux_names, machine.image)) }

  # What templates, persistent VMs and Docker hosts have in common, beside what was given.
  worked_out = {
    for key, machine in local.machines : key => merge(
      {
        image       = local.images[key]
        disk_type   = local.disk_types[key]
        metadata    = local.machine_metadata[key]
        secure_boot = local.secure_boots[key]
        is_migrated = !local.not_migrated[key]
        tags        = concat(machine.tags, var.network_tags)
      },
      try({ subnetwork = machine.subnetwork != null ? machine.subnetwork : local.subnetworks[regex("^(.+)-[^-]+$", machine.zone)[0]] }, {}),
    )
  }
}
