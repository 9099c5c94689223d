# Mistakes in runner_templates, persistent_vms, docker_hosts and cloud_run_jobs that their types do not catch, each with its field.
locals {
  # Which variable a key of local.machines is from.
  machine_paths = {
    for key in keys(local.machines) :
    key => "${ { template = "runner_templates", vm = "persistent_vms", host = "docker_hosts" }[split("/", key)[0]]}.${split("/", key)[1]}"
  }
  families = { for key, machine in local.machines : key => split("-", machine.machine_type)[0] }

  machine_mistakes = flatten([
    for key, machine in local.machines : [
      for text in [
        can(machine.zone) && !can(regex(local.pool_patterns.zone, machine.zone)) ?
        ".zone: found ${jsonencode(machine.zone)}, expected a zone such as us-central1-a" : "",

        can(machine.region) && try(machine.region != null, false) && !can(regex(local.pool_patterns.region, machine.region)) ?
        ".region: found ${jsonencode(machine.region)}, expected a region such as us-central1" : "",

        # The longest that Compute Engine takes is 120 days; GitHub ends a job on a self-hosted runner after 5.
        can(machine.max_run_hours) && try(machine.max_run_hours <= 0 || machine.max_run_hours > 168, true) ?
        ".max_run_hours: found ${machine.max_run_hours}, expected more than 0, at most 168: every VM has to carry its own end" : "",

        length(setintersection(keys(machine.metadata), ["startup-script", "windows-startup-script-ps1"])) > 0 ?
        ".metadata: found ${join(", ", setintersection(keys(machine.metadata), ["startup-script", "windows-startup-script-ps1"]))}, expected the script as startup_script" : "",

        local.windows[key] && machine.startup_script == null && !startswith(key, "template/") ?
        ".startup_script: found none, expected a script of PowerShell for the image ${machine.image}, which this module has for runner_templates alone, or \"\" where the image starts the runner itself" : "",

        # https://docs.cloud.google.com/compute/docs/gpus/add-remove-gpus
        machine.accelerator != null && !contains(["n1", "g2", "g4"], local.families[key]) ?
        ".accelerator: found one with ${machine.machine_type}, expected a machine type of n1, to which GPUs are attached; a2, a3, g2 and the like have theirs" : "",

        # https://docs.cloud.google.com/compute/docs/disks/local-ssd
        try(machine.local_ssds, 0) > 0 && !contains(["a2", "c2", "c2d", "g2", "m1", "m3", "n1", "n2", "n2d"], local.families[key]) ?
        ".local_ssds: found ${machine.local_ssds} with ${machine.machine_type}, expected a machine type to which local SSDs can be added (c2, c2d, g2, m1, m3, n1, n2, n2d); others have them in types that end in -lssd" : "",

        # https://docs.cloud.google.com/compute/docs/instances/nested-virtualization/overview
        machine.nested_virtualization && (local.arm64[key] || contains(["c2d", "c3d", "c4d", "e2", "f1", "g1", "h4d", "n2d", "n4d", "t2d"], local.families[key])) ?
        ".nested_virtualization: found it with ${machine.machine_type}, expected an Intel machine type such as n2-standard-4, and not e2" : "",

        try(machine.kms_key != null && !can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", machine.kms_key)), false) ?
        ".kms_key: found ${jsonencode(machine.kms_key)}, expected projects/P/locations/L/keyRings/R/cryptoKeys/K" : "",

        try(machine.service_account != null && !can(regex("^[a-z0-9-]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", machine.service_account)), false) ?
        ".service_account: found ${jsonencode(machine.service_account)}, expected the e-mail of an account of your own; the default account of Compute Engine may change the whole project, and so could each step of a job" : "",
      ] : "${local.machine_paths[key]}${text}" if text != ""
    ]
  ])

  # https://docs.cloud.google.com/run/docs/configuring/jobs/cpu and ../memory-limits, in Mi
  job_memory = { 1 = [512, 4096], 2 = [512, 8192], 4 = [2048, 16384], 6 = [4096, 24576], 8 = [4096, 32768] }

  job_mistakes = flatten([
    for name, job in module.fields.cloud_run_jobs : [
      for text in concat(
        [
          try(job.region != null && !can(regex(local.pool_patterns.region, job.region)), false) ?
          ".region: found ${jsonencode(job.region)}, expected a region such as us-central1" : "",

          !contains(keys(local.job_memory), tostring(job.cpu)) ?
          ".cpu: found ${job.cpu}, expected 1, 2, 4, 6 or 8" :
          !try(
            parseint(regex("^([1-9][0-9]*)(?:Mi|Gi)$", job.memory)[0], 10) * (endswith(job.memory, "Gi") ? 1024 : 1) >= local.job_memory[tostring(job.cpu)][0] &&
            parseint(regex("^([1-9][0-9]*)(?:Mi|Gi)$", job.memory)[0], 10) * (endswith(job.memory, "Gi") ? 1024 : 1) <= local.job_memory[tostring(job.cpu)][1],
            false,
          ) ?
          ".memory: found ${job.memory}, expected ${join(" to ", [for mi in local.job_memory[tostring(job.cpu)] : "${mi}Mi"])} with ${job.cpu} CPU, such as ${local.job_memory[tostring(job.cpu)][1] / 1024}Gi" : "",

          job.max_run_hours <= 0 || job.max_run_hours > 168 ?
          ".max_run_hours: found ${job.max_run_hours}, expected more than 0, at most 168, the longest that Cloud Run lets a task run" : "",

          !contains(["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"], job.egress) ?
          ".egress: found ${job.egress}, expected ALL_TRAFFIC or PRIVATE_RANGES_ONLY" : "",
        ],
        [
          for key, volume in job.volumes :
          (volume.bucket == null) == (volume.nfs_server == null) || !startswith(volume.mount_path, "/") || !can(regex(local.pool_patterns.vm, key)) ?
          ".volumes.${key}: expected a name of lower-case letters, digits and hyphens, an absolute mount_path, and either bucket or nfs_server" :
          volume.nfs_server != null && job.subnetwork == null ?
          ".volumes.${key}: found an NFS server, expected a subnetwork too: Cloud Run has no other way to it" : ""
        ],
      ) : "cloud_run_jobs.${name}${text}" if text != ""
    ]
  ])

  # Labels that say what a machine is, against the machines that are made here for a pool.
  processor_labels = { arm64 = ["arm64", "aarch64"], x64 = ["x64", "x86_64", "amd64"] }

  label_mistakes = flatten([
    for index, pool in local.given_pools : [
      for view in [local.pool_views[index]] : [
        for key in view.machines : [
          for text in [
            length(setintersection(view.labels, concat(
              local.processor_labels[local.arm64[key] ? "x64" : "arm64"],
              ["macos"],
              local.linux[key] ? ["windows"] : [],
              local.windows[key] ? ["linux"] : [],
              ))) > 0 ? format(": found the labels %s, expected labels that fit %s, which is %s on %s (%s)",
              jsonencode(setintersection(view.labels, concat(
                local.processor_labels[local.arm64[key] ? "x64" : "arm64"],
                ["macos"],
                local.linux[key] ? ["windows"] : [],
                local.windows[key] ? ["linux"] : [],
              ))),
              local.machine_paths[key],
              local.linux[key] ? "Linux" : local.windows[key] ? "Windows" : "an image of your own",
              local.arm64[key] ? "arm64" : "x64",
              local.machines[key].machine_type,
            ) : "",

            length([for type in view.types : type if can(regex(local.arm64_types, type)) != local.arm64[key]]) > 0 ?
            ".provider.machineTypes: found ${join(", ", [for type in view.types : type if can(regex(local.arm64_types, type)) != local.arm64[key]])}, expected types for ${local.arm64[key] ? "arm64" : "x64"}, as the image of ${local.machine_paths[key]} is" : "",
          ] : "pools[${index}]${text}" if text != ""
        ]
      ]
    ]
  ])
}
