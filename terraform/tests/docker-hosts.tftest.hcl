# Docker hosts, what every container gets, and mistakes in hosts and in pools that run in containers.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project       = "acme-runners"
  region        = "us-central1"
  github_app_id = "12345"
  bundles       = "./tests/bundles"
}

run "docker_hosts" {
  variables {
    pools        = <<-YAML
      hosts:
        - {name: builder, capacity: 7, vm: {instance: builder-vm, zone: europe-west1-b}}
        - {name: always, capacity: 4}
        - {name: attic, capacity: 2}
        - {name: lent, capacity: 2, vm: {instance: lent, zone: us-east1-b}}
      pools:
        - {name: docker, org: acme, requires: [self-hosted, docker], provider: {type: docker, hosts: [builder, always, attic, lent], image: "ghcr.io/actions/actions-runner:2.338.0"}}
    YAML
    docker_hosts = { builder-vm = { zone = "europe-west1-b", machine_type = "c4a-standard-8" }, always = { zone = "us-central1-a" } }
  }

  assert {
    condition = (
      module.docker_host_vms.vms["builder-vm"].metadata["slipway-host"] == "builder" &&
      module.docker_host_vms.vms["builder-vm"].metadata["slipway-api-url"] == local.urls["api"] &&
      module.docker_host_vms.vms["builder-vm"].metadata["slipway-deployment"] == "slipway" &&
      module.docker_host_vms.vms["builder-vm"].metadata["slipway-host-token-secret"] == "projects/acme-runners/secrets/slipway-host-token-builder-vm" &&
      module.docker_host_vms.vms["builder-vm"].metadata["startup-script"] == file("./runner/docker-host.sh")
    )
    error_message = "the VM's script learns its host, the API, and in which secret the token is"
  }

  assert {
    condition     = alltrue([for name in keys(local.host_metadata["always"]) : strcontains(file("./runner/docker-host.sh"), "setting ${name} ")])
    error_message = "the script reads each of these attributes"
  }

  assert {
    condition     = module.docker_host_vms.vms["always"].metadata["slipway-host"] == "always" && module.docker_host_vms.vms["always"].scheduling[0].automatic_restart && !module.docker_host_vms.vms["builder-vm"].scheduling[0].automatic_restart
    error_message = "a host without a VM of its own in the pools runs all the time; the other one is started for jobs"
  }

  assert {
    condition     = endswith(module.docker_host_vms.vms["builder-vm"].boot_disk[0].initialize_params[0].image, "-arm64") && module.docker_host_vms.vms["builder-vm"].labels["slipway-keep"] == "true"
    error_message = "its image fits its machine type, and the sweep keeps its hands off it"
  }

  assert {
    condition     = toset([for key, grant in google_compute_instance_iam_member.function : "${grant.instance_name}/${grant.zone}"]) == toset(["builder-vm/europe-west1-b", "lent/us-east1-b"])
    error_message = "the VM of a host is started and stopped, and only it"
  }

  assert {
    condition = (
      google_secret_manager_secret_iam_member.read_host_token["builder-vm"].member == google_service_account.docker_host["builder-vm"].member &&
      google_secret_manager_secret_iam_member.read_host_token["builder-vm"].secret_id == google_secret_manager_secret.host_token["builder-vm"].secret_id &&
      google_secret_manager_secret_iam_member.read_host_token["always"].member == google_service_account.docker_host["always"].member &&
      google_service_account.docker_host["always"].account_id != google_service_account.docker_host["builder-vm"].account_id
    )
    error_message = "a host reads its own token, and no other one's"
  }

  assert {
    condition     = toset([for grant in google_cloud_run_service_iam_member.docker_host : grant.member]) == toset([for account in google_service_account.docker_host : account.member])
    error_message = "the hosts call api although it is not public"
  }

  assert {
    condition     = length([for grant in google_project_iam_member.function : grant if contains([for account in google_service_account.docker_host : account.member], grant.member)]) == 0
    error_message = "a host's account has nothing in the project"
  }

  assert {
    condition     = keys(google_compute_router_nat.runners) == ["europe-west1", "us-central1"]
    error_message = "its region has a way out"
  }

  assert {
    condition = (
      strcontains(output.next_steps, "npx slipway host-token builder --deployment slipway | gcloud secrets versions add slipway-host-token-builder-vm --project=acme-runners --data-file=-") &&
      strcontains(output.next_steps, "gcloud compute instances reset builder-vm --zone=europe-west1-b") && strcontains(output.next_steps, "7. Store the tokens")
    )
    error_message = "the steps by hand say how the token gets into its secret"
  }

  assert {
    condition     = output.docker_hosts["builder-vm"].host == "builder" && output.docker_hosts["builder-vm"].zone == "europe-west1-b"
    error_message = "the output names the host"
  }
}

run "docker_hosts_of_a_public_api" {
  command = plan
  variables {
    api_public   = true
    pools        = "{hosts: [{name: builder, capacity: 7}], pools: [{org: acme, requires: [docker], provider: {type: docker, hosts: [builder], image: i}}]}"
    docker_hosts = { builder = { zone = "us-central1-a" } }
  }

  assert {
    condition     = length(google_cloud_run_service_iam_member.docker_host) == 0
    error_message = "where everybody may call api, a host needs no permission for it"
  }
}

run "a_host_that_looks_like_a_runner" {
  command = plan
  variables {
    pools        = "{hosts: [{name: slipway-builder, capacity: 7}], pools: [{org: acme, requires: [docker], provider: {type: docker, hosts: [slipway-builder], image: i}}]}"
    docker_hosts = { slipway-builder = { zone = "us-central1-a" } }
  }
  expect_failures = [var.docker_hosts]
}

run "a_template_and_a_vm_of_one_name" {
  command = plan
  variables {
    pools          = <<-YAML
      hosts: [{name: build, capacity: 2}]
      pools:
        - {name: a, org: acme, requires: [arm64], provider: {type: gce, template: build, machineTypes: [c4a-standard-4]}}
        - {name: c, org: acme, requires: [docker], provider: {type: docker, hosts: [build], image: i}}
    YAML
    docker_hosts   = { build = { zone = "us-central1-b", machine_type = "n2-standard-8" } }
    persistent_vms = {}
  }

  assert {
    condition = (
      endswith(google_compute_region_instance_template.runner["build"].disk[0].source_image, "-arm64") && google_compute_region_instance_template.runner["build"].disk[0].disk_type == "hyperdisk-balanced" &&
      endswith(module.docker_host_vms.vms["build"].boot_disk[0].initialize_params[0].image, "-amd64") && module.docker_host_vms.vms["build"].boot_disk[0].initialize_params[0].type == "pd-balanced"
    )
    error_message = "each has the image and the disk of its own machine type"
  }
}

run "what_containers_get" {
  command = plan
  variables {
    pools          = "{pools: [{name: light, org: acme, offers: [light], provider: {type: cloud-run, job: runner-light}}]}"
    runner_env     = { HTTP_PROXY = "http://proxy:3128", NAME = "{runner_name}" }
    runner_command = "./start.sh --once"
  }

  assert {
    condition = alltrue([
      for function in ["provision", "stop", "sweep", "api"] :
      google_cloudfunctions2_function.function[function].service_config[0].environment_variables["runnerenv_HTTP_PROXY"] == "http://proxy:3128" &&
      google_cloudfunctions2_function.function[function].service_config[0].environment_variables["runnerenv_NAME"] == "{runner_name}" &&
      google_cloudfunctions2_function.function[function].service_config[0].environment_variables["RUNNER_COMMAND"] == "./start.sh --once"
    ])
    error_message = "the functions that work with the pools know what each container gets"
  }

  assert {
    condition     = length([for name in keys(google_cloudfunctions2_function.function["webhook"].service_config[0].environment_variables) : name if startswith(name, "runnerenv_") || name == "RUNNER_COMMAND"]) == 0
    error_message = "webhook makes no containers"
  }
}

run "mistakes" {
  command = plan
  variables {
    pools          = <<-YAML
      hosts:
        - {name: Builder, capacity: 7}
        - {name: twice, capacity: 0}
        - {name: twice, capacity: 1.5, vm: {instance: Gpu}}
        - {name: zoned, capacity: 1, vm: {instance: a, zone: us-central1}}
        - {name: placeless, capacity: 1, vm: {instance: a}}
        - {name: shared, capacity: 1, vm: {instance: gpu-1, zone: us-central1-a}}
        - {name: one, capacity: 1, vm: {instance: b, zone: us-central1-a}}
        - {name: other, vm: {instance: b, zone: us-central1-a}}
        - {name: moved, capacity: 1, vm: {instance: made, zone: us-central1-a}}
        - {name: registered, capacity: 1, vm: {instance: persistent, zone: us-central1-a}}
      pools:
        - {name: gpu, repo: a/b, requires: [gpu], provider: {type: gce-vm, instance: gpu-1, zone: us-central1-a}}
        - {name: a, org: acme, requires: [a], provider: {type: docker, hosts: [twice, nobody], image: i, volumes: ["/etc:/etc"]}}
        - {name: b, org: acme, requires: [b], provider: {type: docker, hosts: [], registration: pat}}
        - {name: c, org: acme, requires: [c], provider: {type: cloud-run, job: Light}}
        - {name: d, org: acme, requires: [d], provider: {type: cloud-run, job: unmade}}
        - {name: e, org: acme, requires: [e, ARM64], jobMinutes: 10080, provider: {type: cloud-run, job: light, region: us-east1}}
        - {name: f, org: acme, requires: [f], provider: {type: cloud-run, job: projects/p/locations/us-east1/jobs/j, region: us-central1}}
    YAML
    cloud_run_jobs = { light = {} }
    docker_hosts   = { made = { zone = "us-central1-b" }, unused = { zone = "us-central1-b" } }
    persistent_vms = { persistent = { zone = "us-central1-a" } }
  }
  expect_failures = [terraform_data.pools, check.persistent_vms_of_the_pools]

  assert {
    condition = local.container_mistakes == [
      "hosts[0].name: found \"Builder\", expected lower-case letters, digits and hyphens, a letter first",
      "hosts[1].capacity: found 0, expected how many containers it runs at a time, 1 or more",
      "hosts[2].name: found \"twice\", the name of an earlier host too, expected different names",
      "hosts[2].capacity: found 1.5, expected how many containers it runs at a time, 1 or more",
      "hosts[2].vm.instance: found \"Gpu\", expected the name of a VM",
      "hosts[3].vm.zone: found \"us-central1\", expected a zone such as us-central1-a",
      "hosts[4].vm.zone: found null, expected a zone such as us-central1-a",
      "hosts[5].vm: found gpu-1, the VM of a pool of type gce-vm too, expected a VM of its own: it would be stopped while containers run",
      "hosts[7].capacity: found null, expected how many containers it runs at a time, 1 or more",
      "hosts[7].vm: found b, the VM of an earlier host too, expected a VM of its own",
      "hosts[8].vm.zone: found us-central1-a, expected us-central1-b, the zone of made in docker_hosts",
      "hosts[9].vm: found persistent, which is in persistent_vms and so runs one runner of its own, expected a VM in docker_hosts",
      "docker_hosts: found unused, expected the vm.instance of a host in the pools, or the name of a host without vm",
      "pools[1].provider.hosts: found nobody, expected names of hosts (Builder, twice, twice, zoned, placeless, shared, one, other, moved, registered)",
      "pools[1].provider.volumes: found [\"/etc:/etc\"], expected named volumes such as cache:/cache; no folder of the host",
      "pools[2].provider.hosts: found [], expected a list of names of hosts",
      "pools[2].provider.image: found null, expected an image such as ghcr.io/actions/actions-runner:2.338.0",
      "pools[2].provider.registration: found \"pat\", expected jit or token",
      "pools[3].provider.job: found \"Light\", expected the name of a Cloud Run job, or projects/P/locations/L/jobs/J",
      "pools[4].provider.job: found unmade, expected one of cloud_run_jobs (light); for a job of your own projects/P/locations/L/jobs/J",
      "pools[5].provider.region: found us-east1, expected us-central1, the region of the job light",
      "pools[5]: found the labels [\"arm64\"], expected none of them: Cloud Run runs Linux on x64 only",
      "pools[5].jobMinutes: found 10095 minutes with those for boot and idling, expected at most 10080, the longest that Cloud Run lets a task run",
      "pools[6].provider.region: found us-central1, expected us-east1, the region of the job projects/p/locations/us-east1/jobs/j",
    ]
    error_message = join("\n", local.container_mistakes)
  }
}
