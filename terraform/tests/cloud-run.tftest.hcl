# Cloud Run jobs of the pools, and who may run them.

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
  expect_failures = [terraform_data.pools]
}

run "cloud_run_sizes_that_are_none" {
  command = plan
  variables {
    pools          = "{pools: [{name: big, org: acme, offers: [big], provider: {type: cloud-run, job: big}}]}"
    cloud_run_jobs = { big = { cpu = 3, memory = "4Gi" } }
  }
  expect_failures = [terraform_data.pools]
}

run "an_nfs_volume_without_a_network" {
  command = plan
  variables {
    pools          = "{pools: [{name: big, org: acme, offers: [big], provider: {type: cloud-run, job: big}}]}"
    cloud_run_jobs = { big = { volumes = { work = { mount_path = "/work", nfs_server = "10.0.0.2" } } } }
  }
  expect_failures = [terraform_data.pools]
}
