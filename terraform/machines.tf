# The image and disk that a machine type requires, for templates, persistent VMs and Docker hosts that do not set their own.
locals {
  startup_scripts = {
    template = "${path.module}/runner/startup.sh"
    vm       = "${path.module}/runner/persistent.sh"
    host     = "${path.module}/runner/docker-host.sh"
  }

  # By default the templates that the pools name.
  requested_templates = var.runner_templates != null ? var.runner_templates : {
    for name, template in local.pool_templates : name => {
      region         = template.region
      machine_type   = template.machine_type
      image          = null
      startup_script = null
      metadata       = {}
      disk_gb        = 50
      disk_type      = null
      spot           = false
      subnetwork     = null
      external_ip    = false
      max_run_hours  = 24
      secure_boot    = null
      tags           = []
    }
  }
  runner_templates = {
    for name, template in local.requested_templates : name => merge(template, { region = coalesce(template.region, var.region) })
  }

  # By kind and name: a template and a VM may have the same name.
  machines = merge(
    { for name, template in local.runner_templates : "template/${name}" => template },
    { for name, vm in var.persistent_vms : "vm/${name}" => vm },
    { for name, vm in var.docker_hosts : "host/${name}" => vm },
  )

  # https://docs.cloud.google.com/compute/docs/instances/arm-on-compute
  arm64 = { for key, machine in local.machines : key => can(regex("^(t2a|c4a|n4a|a4x)-", machine.machine_type)) }
  # https://docs.cloud.google.com/compute/docs/disks/hyperdisks#machine-type-support
  hyperdisk = { for key, machine in local.machines : key => can(regex("^(c4|c4a|c4d|n4|n4a|n4d|h4d|m4|x4|a4|a4x|g4)-|^a3-ultragpu-", machine.machine_type)) }

  images = {
    for key, machine in local.machines :
    key => coalesce(machine.image, "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-${local.arm64[key] ? "arm64" : "amd64"}")
  }
  disk_types = { for key, machine in local.machines : key => coalesce(machine.disk_type, local.hyperdisk[key] ? "hyperdisk-balanced" : "pd-balanced") }
  # With GPUs: a2, a3, a4, g2, g4 and newer ones of the kind. https://docs.cloud.google.com/compute/docs/accelerator-optimized-machines
  gpus = { for key, machine in local.machines : key => can(regex("^[ag][0-9]+x?-", machine.machine_type)) }
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
    ) if contains(keys(var.persistent_vms), vm.name)
  }

  machine_metadata = {
    for key, machine in local.machines : key => merge(
      {
        block-project-ssh-keys     = "true"
        enable-oslogin             = "TRUE"
        serial-port-logging-enable = "true" # the logs of a VM that is gone are all there is of it
      },
      machine.startup_script == "" ? {} : {
        startup-script = machine.startup_script != null ? machine.startup_script : file(local.startup_scripts[split("/", key)[0]])
      },
      try({ slipway-idle-seconds = tostring(local.idle_seconds[trimprefix(key, "template/")]) }, {}),
      try(local.registrations[trimprefix(key, "vm/")], {}),
      try(local.host_metadata[trimprefix(key, "host/")], {}),
      machine.metadata,
    )
  }
}
