# Cloud Run jobs and Docker hosts.

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

run "cloud_run_jobs_of_the_pools" {
  variables {
    pools = <<-YAML
      pools:
        - {name: light, org: acme, offers: [self-hosted, light], provider: {type: cloud-run, job: runner-light}}
        - {name: europe, org: acme, offers: [europe], provider: {type: cloud-run, job: runner-europe, region: europe-west4}}
        - {name: own, org: acme, offers: [own], provider: {type: cloud-run, job: projects/acme-runners/locations/us-east1/jobs/own}}
        - {name: theirs, org: acme, offers: [theirs], provider: {type: cloud-run, job: projects/other/locations/us-east1/jobs/theirs}}
    YAML
  }

  assert {
    condition     = { for name, job in google_cloud_run_v2_job.runner : name => job.location } == { runner-light = "us-central1", runner-europe = "europe-west4" }
    error_message = "each bare name in the pools gets a job in its region, a full name is somebody else's"
  }

  assert {
    condition = alltrue([
      for job in google_cloud_run_v2_job.runner :
      job.template[0].template[0].max_retries == 0 && job.template[0].task_count == 1 && job.template[0].template[0].timeout == "86400s" && job.deletion_protection == false
    ])
    error_message = "an execution is one runner, is never started twice and carries its own end"
  }

  assert {
    condition = alltrue([
      for job in google_cloud_run_v2_job.runner : job.template[0].template[0].service_account == google_service_account.job[0].email
    ])
    error_message = "it acts as the account that has no role"
  }

  assert {
    condition = (
      google_cloud_run_v2_job.runner["runner-light"].template[0].template[0].containers[0].image == "us-central1-docker.pkg.dev/acme-runners/slipway-ghcr/actions/actions-runner:latest" &&
      google_cloud_run_v2_job.runner["runner-europe"].template[0].template[0].containers[0].image == "europe-west4-docker.pkg.dev/acme-runners/slipway-ghcr/actions/actions-runner:latest" &&
      google_cloud_run_v2_job.runner["runner-light"].template[0].template[0].containers[0].args == tolist(["./run.sh"])
    )
    error_message = "the runner's image comes by way of the region's repository, and runs run.sh, since it has no command of its own"
  }

  assert {
    condition = { for region, repository in google_artifact_registry_repository.ghcr : region => repository.remote_repository_config[0].docker_repository[0].custom_repository[0].uri } == {
      us-central1  = "https://ghcr.io"
      europe-west4 = "https://ghcr.io"
    }
    error_message = "each region with a job has its copies of ghcr.io"
  }

  assert {
    condition = alltrue([
      for job in google_cloud_run_v2_job.runner :
      job.template[0].template[0].containers[0].resources[0].limits["cpu"] == "2" && job.template[0].template[0].containers[0].resources[0].limits["memory"] == "8Gi" &&
      length(job.template[0].template[0].vpc_access) == 0
    ])
    error_message = "without a word about it a job has 2 CPUs and all the memory they can have, and no network of the project"
  }

  assert {
    condition = toset([for grant in google_cloud_run_v2_job_iam_member.function : "${grant.location}/${grant.name}"]) == toset([
      "us-central1/runner-light", "europe-west4/runner-europe", "us-east1/own",
    ])
    error_message = "functions get permissions on the jobs of the pools in this project, each by itself"
  }

  assert {
    condition     = output.service_accounts["jobs"] == google_service_account.job[0].email && keys(output.cloud_run_jobs) == ["runner-europe", "runner-light"]
    error_message = "the outputs name the jobs and their account"
  }
}

run "who_runs_and_ends_executions" {
  variables {
    pools = "{pools: [{name: light, org: acme, offers: [light], provider: {type: cloud-run, job: runner-light}}]}"
  }

  assert {
    condition = {
      for function in ["provision", "stop", "sweep", "api"] : function => toset([
        for key, grant in google_cloud_run_v2_job_iam_member.function : trimprefix(key, "us-central1/runner-light/${function}/")
        if grant.member == google_service_account.function[function].member
      ])
      } == {
      provision = toset(["read_jobs", "run_jobs", "find_runs", "end_runs"])
      stop      = toset(["find_runs", "end_runs"])
      sweep     = toset(["find_runs", "end_runs"])
      api       = toset(["read_jobs", "find_runs", "end_runs"])
    }
    error_message = "provision alone runs a job; the others find executions and end them"
  }

  assert {
    condition     = length([for grant in google_cloud_run_v2_job_iam_member.function : grant if grant.member == google_service_account.function["webhook"].member]) == 0
    error_message = "webhook may nothing there"
  }

  assert {
    condition     = toset(google_project_iam_custom_role.role["run_jobs"].permissions) == toset(["run.jobs.run", "run.jobs.runWithOverrides"])
    error_message = "whoever runs a job may not change it"
  }

  assert {
    condition     = length([for grant in google_project_iam_member.function : grant if contains([for role in ["read_jobs", "run_jobs", "find_runs", "end_runs"] : google_project_iam_custom_role.role[role].id], grant.role)]) == 0
    error_message = "no permission on Cloud Run holds for the whole project, whose other jobs may have secrets in their variables"
  }
}

run "cloud_run_jobs_as_told" {
  command = plan
  variables {
    pools = "{pools: [{name: big, org: acme, offers: [big], provider: {type: cloud-run, job: big}}]}"
    cloud_run_jobs = {
      big = {
        image         = "us-docker.pkg.dev/acme/images/runner:1"
        cpu           = 8
        memory        = "32Gi"
        max_run_hours = 2
        env           = { HTTP_PROXY = "http://proxy:3128" }
        subnetwork    = "runners"
        egress        = "ALL_TRAFFIC"
        network_tags  = ["runner"]
        volumes = {
          cache = { mount_path = "/cache", bucket = "acme-cache" }
          work  = { mount_path = "/work", nfs_server = "10.0.0.2", nfs_path = "/share" }
        }
      }
      theirs = { image = "ghcr.io/acme/runner:2", command = ["/start.sh"], service_account = "ci@acme-runners.iam.gserviceaccount.com" }
    }
  }

  assert {
    condition = (
      google_cloud_run_v2_job.runner["big"].template[0].template[0].containers[0].image == "us-docker.pkg.dev/acme/images/runner:1" &&
      google_cloud_run_v2_job.runner["big"].template[0].template[0].containers[0].args == null &&
      google_cloud_run_v2_job.runner["big"].template[0].template[0].timeout == "7200s" &&
      google_cloud_run_v2_job.runner["big"].template[0].template[0].containers[0].env[*].name == tolist(["HTTP_PROXY"])
    )
    error_message = "an image of one's own keeps its address and its command"
  }

  assert {
    condition = (
      google_cloud_run_v2_job.runner["big"].template[0].template[0].vpc_access[0].egress == "ALL_TRAFFIC" &&
      google_cloud_run_v2_job.runner["big"].template[0].template[0].vpc_access[0].network_interfaces[0].subnetwork == "runners" &&
      google_cloud_run_v2_job.runner["big"].template[0].template[0].vpc_access[0].network_interfaces[0].tags == tolist(["runner"])
    )
    error_message = "a subnetwork is the way out, and its firewall knows the tag"
  }

  assert {
    condition = (
      google_cloud_run_v2_job.runner["big"].template[0].template[0].volumes[0].gcs[0].bucket == "acme-cache" &&
      google_cloud_run_v2_job.runner["big"].template[0].template[0].volumes[1].nfs[0].path == "/share" &&
      google_cloud_run_v2_job.runner["big"].template[0].template[0].containers[0].volume_mounts[*].mount_path == tolist(["/cache", "/work"])
    )
    error_message = "volumes are mounted where they are told"
  }

  assert {
    condition = (
      google_cloud_run_v2_job.runner["theirs"].template[0].template[0].containers[0].image == "us-central1-docker.pkg.dev/acme-runners/slipway-ghcr/acme/runner:2" &&
      google_cloud_run_v2_job.runner["theirs"].template[0].template[0].containers[0].command == tolist(["/start.sh"]) &&
      google_cloud_run_v2_job.runner["theirs"].template[0].template[0].service_account == "ci@acme-runners.iam.gserviceaccount.com"
    )
    error_message = "any image of ghcr.io goes by way of the repository; an account may be one's own"
  }
}

run "cloud_run_sizes" {
  command = plan
  variables {
    pools          = "{pools: [{name: big, org: acme, offers: [big], provider: {type: cloud-run, job: big}}]}"
    cloud_run_jobs = { big = { cpu = 2, memory = "9Gi" } }
  }
  expect_failures = [var.cloud_run_jobs]
}

run "cloud_run_sizes_that_are_none" {
  command = plan
  variables {
    pools          = "{pools: [{name: big, org: acme, offers: [big], provider: {type: cloud-run, job: big}}]}"
    cloud_run_jobs = { big = { cpu = 3, memory = "4Gi" } }
  }
  expect_failures = [var.cloud_run_jobs]
}

run "an_nfs_volume_without_a_network" {
  command = plan
  variables {
    pools          = "{pools: [{name: big, org: acme, offers: [big], provider: {type: cloud-run, job: big}}]}"
    cloud_run_jobs = { big = { volumes = { work = { mount_path = "/work", nfs_server = "10.0.0.2" } } } }
  }
  expect_failures = [var.cloud_run_jobs]
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
      google_compute_instance.docker_host["builder-vm"].metadata["slipway-host"] == "builder" &&
      google_compute_instance.docker_host["builder-vm"].metadata["slipway-api-url"] == local.urls["api"] &&
      google_compute_instance.docker_host["builder-vm"].metadata["slipway-deployment"] == "slipway" &&
      google_compute_instance.docker_host["builder-vm"].metadata["slipway-host-token-secret"] == "projects/acme-runners/secrets/slipway-host-token-builder-vm" &&
      google_compute_instance.docker_host["builder-vm"].metadata["startup-script"] == file("./runner/docker-host.sh")
    )
    error_message = "the VM's script learns its host, the API, and in which secret the token is"
  }

  assert {
    condition     = alltrue([for name in keys(local.host_metadata["always"]) : strcontains(file("./runner/docker-host.sh"), "setting ${name} ")])
    error_message = "the script reads each of these attributes"
  }

  assert {
    condition     = google_compute_instance.docker_host["always"].metadata["slipway-host"] == "always" && google_compute_instance.docker_host["always"].scheduling[0].automatic_restart && !google_compute_instance.docker_host["builder-vm"].scheduling[0].automatic_restart
    error_message = "a host without a VM of its own in the pools runs all the time; the other one is started for jobs"
  }

  assert {
    condition     = endswith(google_compute_instance.docker_host["builder-vm"].boot_disk[0].initialize_params[0].image, "-arm64") && google_compute_instance.docker_host["builder-vm"].labels["slipway-keep"] == "true"
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
      endswith(google_compute_instance.docker_host["build"].boot_disk[0].initialize_params[0].image, "-amd64") && google_compute_instance.docker_host["build"].boot_disk[0].initialize_params[0].type == "pd-balanced"
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
