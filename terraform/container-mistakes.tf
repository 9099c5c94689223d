# Mistakes in the hosts and in pools of the types cloud-run and docker, as pool-mistakes.tf has them for the other pools.
locals {
  host_names = [for host in local.host_list : try(tostring(host.name), "")]

  host_mistakes = flatten([
    for index, host in local.host_list : [
      for text in [
        !can(regex(local.pool_patterns.vm, host.name)) ?
        ".name: found ${jsonencode(try(host.name, null))}, expected lower-case letters, digits and hyphens, a letter first" :
        index(local.host_names, host.name) != index ?
        ".name: found ${jsonencode(host.name)}, the name of an earlier host too, expected different names" : "",

        !try(tonumber(host.capacity) >= 1 && floor(tonumber(host.capacity)) == tonumber(host.capacity), false) ?
        ".capacity: found ${jsonencode(try(host.capacity, null))}, expected how many containers it runs at a time, 1 or more" : "",

        !can(host.vm) ? "" :
        !can(regex(local.pool_patterns.vm, host.vm.instance)) ?
        ".vm.instance: found ${jsonencode(try(host.vm.instance, null))}, expected the name of a VM" :
        !can(regex(local.pool_patterns.zone, host.vm.zone)) ?
        ".vm.zone: found ${jsonencode(try(host.vm.zone, null))}, expected a zone such as us-central1-a" :
        contains(keys(local.pool_vms), local.host_places[index]) ?
        ".vm: found ${host.vm.instance}, the VM of a pool of type gce-vm too, expected a VM of its own: it would be stopped while containers run" :
        index(local.host_places, local.host_places[index]) != index ?
        ".vm: found ${host.vm.instance}, the VM of an earlier host too, expected a VM of its own" :
        try(module.fields.docker_hosts[host.vm.instance].zone != split("/", local.host_places[index])[0], false) ?
        ".vm.zone: found ${split("/", local.host_places[index])[0]}, expected ${module.fields.docker_hosts[host.vm.instance].zone}, the zone of ${host.vm.instance} in docker_hosts" :
        contains(keys(module.fields.persistent_vms), host.vm.instance) ?
        ".vm: found ${host.vm.instance}, which is in persistent_vms and so runs one runner of its own, expected a VM in docker_hosts" : "",
      ] : "hosts[${index}]${text}" if text != ""
    ]
  ])

  # VMs that would be made and never used.
  unused_docker_hosts = [
    for name in keys(module.fields.docker_hosts) : name
    if !anytrue([for index, host in local.host_list : try(host.vm.instance, null) == name || !can(host.vm) && local.host_names[index] == name])
  ]

  container_pool_mistakes = flatten([
    for index, pool in local.given_pools : [
      for mistake in [
        for view in [merge(local.pool_views[index], {
          job   = try(tostring(pool.provider.job), "")
          hosts = try([for host in pool.provider.hosts : tostring(host)], [])
          minutes = try(
            try(pool.bootMinutes, local.pool_defaults.bootMinutes, 5) + try(pool.idleMinutes, local.pool_defaults.idleMinutes, 10) + try(pool.jobMinutes, local.pool_defaults.jobMinutes, 360),
            0,
          )
          })] : concat(
          view.type != "cloud-run" ? [] : [
            !can(regex(local.pool_patterns.vm, view.job)) && !can(regex(local.full_job_name, view.job)) ?
            ".provider.job: found ${jsonencode(view.job)}, expected the name of a Cloud Run job, or projects/P/locations/L/jobs/J" :
            can(regex(local.full_job_name, view.job)) ? (
              try(pool.provider.region != regex(local.full_job_name, view.job)[1], false) ?
              ".provider.region: found ${pool.provider.region}, expected ${regex(local.full_job_name, view.job)[1]}, the region of the job ${view.job}" : ""
            ) :
            !contains(keys(local.cloud_run_jobs), view.job) ?
            ".provider.job: found ${view.job}, expected one of cloud_run_jobs (${join(", ", keys(local.cloud_run_jobs))}); for a job of your own projects/P/locations/L/jobs/J" :
            local.cloud_run_jobs[view.job].region != view.region ?
            ".provider.region: found ${view.region}, expected ${local.cloud_run_jobs[view.job].region}, the region of the job ${view.job}" : "",

            length(setintersection(view.labels, ["arm64", "aarch64", "windows", "macos"])) > 0 ?
            ": found the labels ${jsonencode(setintersection(view.labels, ["arm64", "aarch64", "windows", "macos"]))}, expected none of them: Cloud Run runs Linux on x64 only" : "",

            view.minutes > 168 * 60 ?
            ".jobMinutes: found ${view.minutes} minutes with those for boot and idling, expected at most ${168 * 60}, the longest that Cloud Run lets a task run" : "",
          ],
          view.type != "docker" ? [] : [
            length(view.hosts) == 0 ?
            ".provider.hosts: found ${jsonencode(try(pool.provider.hosts, null))}, expected a list of names of hosts" :
            length(setsubtract(view.hosts, local.host_names)) > 0 ?
            ".provider.hosts: found ${join(", ", setsubtract(view.hosts, local.host_names))}, expected names of hosts (${join(", ", local.host_names)})" : "",

            !can(regex("^[A-Za-z0-9]\\S*$", pool.provider.image)) ?
            ".provider.image: found ${jsonencode(try(pool.provider.image, null))}, expected an image such as ghcr.io/actions/actions-runner:2.338.0" : "",

            can(pool.provider.registration) && !contains(["jit", "token"], try(tostring(pool.provider.registration), "")) ?
            ".provider.registration: found ${jsonencode(pool.provider.registration)}, expected jit or token" : "",

            can(pool.provider.volumes) && !alltrue([for volume in try(tolist(pool.provider.volumes), [""]) : can(regex("^[A-Za-z0-9][A-Za-z0-9_.-]*:/", volume))]) ?
            ".provider.volumes: found ${jsonencode(pool.provider.volumes)}, expected named volumes such as cache:/cache; no folder of the host" : "",
          ],
        )
      ] : [for text in mistake : "pools[${index}]${text}" if text != ""]
    ]
  ])

  container_mistakes = concat(
    local.host_mistakes,
    [for name in local.unused_docker_hosts : "docker_hosts: found ${name}, expected the vm.instance of a host in the pools, or the name of a host without vm"],
    local.container_pool_mistakes,
  )
}
