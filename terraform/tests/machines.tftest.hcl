# What templates and VMs can be told, and mistakes in it.

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

run "machines_of_all_kinds" {
  variables {
    network_tags            = ["runners"]
    runner_service_accounts = ["own-template@acme-runners.iam.gserviceaccount.com"]
    runner_templates = {
      gpu     = { machine_type = "n1-standard-8", accelerator = { type = "nvidia-tesla-t4" } }
      l4      = { machine_type = "g2-standard-8" }
      disks   = { machine_type = "n2-standard-8", disks = [{ gb = 500 }, { gb = 100, type = "pd-ssd" }], local_ssds = 2, kms_key = "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/disks" }
      nested  = { machine_type = "n2-standard-4", nested_virtualization = true, tags = ["kvm"] }
      account = { service_account = "deploy@acme-runners.iam.gserviceaccount.com" }
      foreign = { service_account = "deploy@acme-shared.iam.gserviceaccount.com" }
      windows = { image = "projects/windows-cloud/global/images/family/windows-2025", startup_script = "Write-Host runner", disk_gb = 100 }
    }
    persistent_vms = {
      build-1 = { zone = "us-central1-b", machine_type = "n1-standard-8", accelerator = { type = "nvidia-tesla-t4", count = 2 }, disks = [{ gb = 1000 }], kms_key = "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/disks", nested_virtualization = true, service_account = "build@acme-runners.iam.gserviceaccount.com" }
    }
    docker_hosts = { builder = { zone = "us-central1-b", disks = [{ gb = 300, type = "pd-ssd" }] } }
    pools        = <<-YAML
      hosts: [{name: builder, capacity: 4}]
      pools:
        - {name: gpu, repo: acme/app, requires: [linux, x64, gpu], standby: {stopped: 1}, provider: {type: gce, template: gpu}}
        - {name: windows, repo: acme/app, requires: [self-hosted, Windows, X64], provider: {type: gce, template: windows}}
        - {name: vm, repo: acme/app, requires: [linux, x64, build], provider: {type: gce-vm, instance: build-1, zone: us-central1-b}}
        - {name: docker, org: acme, requires: [linux, docker], provider: {type: docker, hosts: [builder], image: i}}
    YAML
  }

  assert {
    condition = (
      google_compute_region_instance_template.runner["gpu"].guest_accelerator[0].type == "nvidia-tesla-t4" && google_compute_region_instance_template.runner["gpu"].guest_accelerator[0].count == 1 &&
      google_compute_region_instance_template.runner["gpu"].scheduling[0].on_host_maintenance == "TERMINATE" && !google_compute_region_instance_template.runner["gpu"].shielded_instance_config[0].enable_secure_boot &&
      length(google_compute_region_instance_template.runner["l4"].guest_accelerator) == 0 && !google_compute_region_instance_template.runner["l4"].shielded_instance_config[0].enable_secure_boot
    )
    error_message = "a VM with GPUs is not moved, and loads drivers that are not signed"
  }

  assert {
    condition = (
      module.persistent_vms.vms["build-1"].guest_accelerator[0].count == 2 && module.persistent_vms.vms["build-1"].scheduling[0].on_host_maintenance == "TERMINATE" &&
      !module.persistent_vms.vms["build-1"].shielded_instance_config[0].enable_secure_boot && module.persistent_vms.vms["build-1"].advanced_machine_features[0].enable_nested_virtualization
    )
    error_message = "likewise a persistent VM"
  }

  assert {
    condition = [for disk in google_compute_region_instance_template.runner["disks"].disk : "${disk.disk_type} ${disk.disk_size_gb}${disk.boot ? " boot" : ""}"] == [
      "pd-balanced 50 boot", "pd-balanced 500", "pd-ssd 100", "local-ssd 375", "local-ssd 375",
    ]
    error_message = "disks and local SSDs come after the boot disk"
  }

  assert {
    condition = (
      alltrue([for disk in google_compute_region_instance_template.runner["disks"].disk : disk.auto_delete]) &&
      [for disk in google_compute_region_instance_template.runner["disks"].disk : disk.disk_type if length(disk.disk_encryption_key) == 0] == ["local-ssd", "local-ssd"]
    )
    error_message = "all go with the VM, and what has a key of Cloud KMS gets it"
  }

  assert {
    condition = (
      module.persistent_vms.disks["build-1/1"].size == 1000 && module.persistent_vms.disks["build-1/1"].name == "build-1-1" &&
      module.persistent_vms.disks["build-1/1"].disk_encryption_key[0].kms_key_self_link == module.persistent_vms.vms["build-1"].boot_disk[0].kms_key_self_link &&
      module.docker_host_vms.disks["builder/1"].type == "pd-ssd" && length(module.docker_host_vms.vms["builder"].attached_disk) == 1
    )
    error_message = "more disks of a VM are resources of their own, under the same key"
  }

  assert {
    condition     = google_compute_region_instance_template.runner["nested"].advanced_machine_features[0].enable_nested_virtualization && length(google_compute_region_instance_template.runner["gpu"].advanced_machine_features) == 0
    error_message = "nested virtualization is off unless it is asked for"
  }

  assert {
    condition = (
      google_compute_region_instance_template.runner["nested"].tags == toset(["kvm", "runners"]) &&
      google_compute_region_instance_template.runner["gpu"].tags == toset(["runners"]) && module.persistent_vms.vms["build-1"].tags == toset(["runners"])
    )
    error_message = "every VM has the network tags that all have"
  }

  assert {
    condition = (
      google_compute_region_instance_template.runner["account"].service_account[0].email == "deploy@acme-runners.iam.gserviceaccount.com" &&
      length(google_compute_region_instance_template.runner["gpu"].service_account) == 0 && module.persistent_vms.vms["build-1"].service_account[0].email == "build@acme-runners.iam.gserviceaccount.com"
    )
    error_message = "a VM has the service account that it was given, and no other"
  }

  assert {
    condition = sort([for key, grant in google_service_account_iam_member.act_as_runner : "${key} ${grant.role == "roles/iam.serviceAccountUser" ? "User" : "actAs"} on ${grant.service_account_id}"]) == tolist([
      for line in sort(flatten([
        for function in ["provision", "sweep"] : [
          "${function}/deploy@acme-runners.iam.gserviceaccount.com actAs on projects/acme-runners/serviceAccounts/deploy@acme-runners.iam.gserviceaccount.com",
          "${function}/deploy@acme-shared.iam.gserviceaccount.com User on projects/acme-shared/serviceAccounts/deploy@acme-shared.iam.gserviceaccount.com",
          "${function}/own-template@acme-runners.iam.gserviceaccount.com actAs on projects/acme-runners/serviceAccounts/own-template@acme-runners.iam.gserviceaccount.com",
        ]
      ])) : line
    ])
    error_message = "who creates VMs may act as the accounts of templates, each by itself; a custom role does not hold in another project"
  }

  assert {
    condition = (
      [for key, grant in google_project_iam_member.function : key if endswith(key, "/attach_accounts")] == ["provision/attach_accounts", "sweep/attach_accounts"] &&
      google_project_iam_custom_role.role["attach_accounts"].permissions == toset(["compute.instances.setServiceAccount"])
    )
    error_message = "and may attach them"
  }

  assert {
    condition = (
      google_compute_region_instance_template.runner["windows"].metadata["windows-startup-script-ps1"] == "Write-Host runner" &&
      !contains(keys(google_compute_region_instance_template.runner["windows"].metadata), "startup-script")
    )
    error_message = "Windows reads its startup script from an attribute of its own"
  }
}

run "windows" {
  command = plan
  variables {
    runner_templates = {
      stock = { image = "projects/windows-cloud/global/images/family/windows-2025" }
      baked = { image = "projects/acme-runners/global/images/runner-7" }
      other = { image = "projects/acme-runners/global/images/runner-7", startup_script = "" }
      linux = { image = "projects/acme-runners/global/images/runner-8" }
    }
    pools = <<-YAML
      pools:
        - {name: a, repo: acme/app, requires: [self-hosted, windows, stock], provider: {type: gce, template: stock}}
        - {name: b, repo: acme/app, requires: [self-hosted, Windows, baked], provider: {type: gce, template: baked}}
        - {name: c, repo: acme/app, requires: [self-hosted, windows, other], provider: {type: gce, template: other}}
        - {name: d, repo: acme/app, requires: [self-hosted, linux], provider: {type: gce, template: linux}}
    YAML
  }

  assert {
    condition = alltrue([
      for name in ["stock", "baked"] :
      google_compute_region_instance_template.runner[name].metadata["windows-startup-script-ps1"] == file("./runner/startup.ps1") &&
      google_compute_region_instance_template.runner[name].metadata["windows-shutdown-script-ps1"] == file("./runner/shutdown.ps1") &&
      !contains(keys(google_compute_region_instance_template.runner[name].metadata), "startup-script")
    ])
    error_message = "an image of Windows, by its name or by its pools' labels, gets the scripts for Windows"
  }

  assert {
    condition     = length([for key in keys(google_compute_region_instance_template.runner["other"].metadata) : key if strcontains(key, "script")]) == 0
    error_message = "without a script of its own nothing is added"
  }

  assert {
    condition     = google_compute_region_instance_template.runner["linux"].metadata["startup-script"] == file("./runner/startup.sh")
    error_message = "an image of another name is one of Linux, where no pool says otherwise"
  }
}

run "no_account_no_right" {
  command = plan
  variables {
    pools = "{pools: [{name: a, repo: acme/app, requires: [a], provider: {type: gce, template: a}}]}"
  }

  assert {
    condition     = length(google_service_account_iam_member.act_as_runner) == 0 && length([for key in keys(google_project_iam_member.function) : key if endswith(key, "/attach_accounts")]) == 0
    error_message = "without an account on a template nobody may attach one"
  }
}

run "mistakes" {
  command = plan
  variables {
    runner_templates = {
      typing = { disk_size_gb = 100, machine_typ = "e2-standard-4" }
      deep   = { machine_type = "n1-standard-4", accelerator = { type = "nvidia-tesla-t4", number = 2 }, disks = [{ gb = 10, kind = "pd-ssd" }] }
      ends   = { max_run_hours = 0, region = "us-central1-a", metadata = { startup-script = "#!/bin/sh" } }
      gpu    = { machine_type = "e2-standard-4", accelerator = { type = "nvidia-tesla-t4" }, local_ssds = 1, nested_virtualization = true }
      keys   = { kms_key = "disks", service_account = "123456789012-compute@developer.gserviceaccount.com" }
    }
    persistent_vms = { build-1 = { zone = "us-central1", local_ssds = 1, image = "windows-cloud/windows-2025" } }
    docker_hosts   = { builder = { zone = "us-central1-a", service_account = "a@b.iam.gserviceaccount.com" } }
    cloud_run_jobs = { light = { cpus = 2, volumes = { cache = { mount_path = "/cache", buckets = "b", bucket = "b" } } } }
    pools          = <<-YAML
      hosts: [{name: builder, capacity: 4}]
      pools:
        - {name: a, repo: acme/app, requires: [a], provider: {type: gce, template: typing}}
        - {name: b, repo: acme/app, requires: [b], provider: {type: gce-vm, instance: build-1, zone: us-central1}}
    YAML
  }
  expect_failures = [terraform_data.pools]

  assert {
    condition = [for text in local.unknown_fields : split(", expected", text)[0]] == [
      "cloud_run_jobs.light.cpus: found an unknown field",
      "cloud_run_jobs.light.volumes.cache.buckets: found an unknown field",
      "docker_hosts.builder.service_account: found an unknown field",
      "persistent_vms.build-1.local_ssds: found an unknown field",
      "runner_templates.deep.accelerator.number: found an unknown field",
      "runner_templates.deep.disks[0].kind: found an unknown field",
      "runner_templates.typing.disk_size_gb: found an unknown field",
      "runner_templates.typing.machine_typ: found an unknown field",
    ]
    error_message = join("\n", local.unknown_fields)
  }

  assert {
    condition     = strcontains(join("\n", local.unknown_fields), "runner_templates.typing.disk_size_gb: found an unknown field, expected one of accelerator, disk_gb, disk_type, disks, external_ip, image,")
    error_message = "the message has the fields that there are"
  }

  assert {
    condition = local.machine_mistakes == [
      "runner_templates.ends.region: found \"us-central1-a\", expected a region such as us-central1",
      "runner_templates.ends.max_run_hours: found 0, expected more than 0, at most 168: every VM has to carry its own end",
      "runner_templates.ends.metadata: found startup-script, expected the script as startup_script",
      "runner_templates.gpu.accelerator: found one with e2-standard-4, expected a machine type of n1, to which GPUs are attached; a2, a3, g2 and the like have theirs",
      "runner_templates.gpu.local_ssds: found 1 with e2-standard-4, expected a machine type to which local SSDs can be added (c2, c2d, g2, m1, m3, n1, n2, n2d); others have them in types that end in -lssd",
      "runner_templates.gpu.nested_virtualization: found it with e2-standard-4, expected an Intel machine type such as n2-standard-4, and not e2",
      "runner_templates.keys.kms_key: found \"disks\", expected projects/P/locations/L/keyRings/R/cryptoKeys/K",
      "runner_templates.keys.service_account: found \"123456789012-compute@developer.gserviceaccount.com\", expected the e-mail of an account of your own; the default account of Compute Engine may change the whole project, and so could each step of a job",
      "persistent_vms.build-1.zone: found \"us-central1\", expected a zone such as us-central1-a",
      "persistent_vms.build-1.startup_script: found none, expected a script of PowerShell for the image windows-cloud/windows-2025, which this module has for runner_templates alone, or \"\" where the image starts the runner itself",
    ]
    error_message = join("\n", local.machine_mistakes)
  }
}

run "labels_of_another_machine" {
  command = plan
  variables {
    runner_templates = {
      default = {}
      arm     = { machine_type = "c4a-standard-4" }
      own     = { image = "projects/acme-runners/global/images/baked", startup_script = "" }
      windows = { image = "windows-cloud/windows-2025", startup_script = "x" }
    }
    persistent_vms = { arm-1 = { zone = "us-central1-b", machine_type = "t2a-standard-4" } }
    docker_hosts   = { builder = { zone = "us-central1-b" } }
    pools          = <<-YAML
      hosts: [{name: builder, capacity: 4}]
      pools:
        - {name: a, repo: acme/app, requires: [self-hosted, ARM64], provider: {type: gce, template: default}}
        - {name: b, repo: acme/app, offers: [windows, macos], provider: {type: gce, template: default}}
        - {name: c, repo: acme/app, requires: [linux, arm64], provider: {type: gce, template: arm, machineTypes: [c4a-standard-4, e2-standard-4]}}
        - {name: d, repo: acme/app, requires: [windows, aarch64], provider: {type: gce, template: own}}
        - {name: e, repo: acme/app, requires: [linux, x64], provider: {type: gce, template: windows}}
        - {name: f, repo: acme/app, requires: [x64], provider: {type: gce-vm, instance: arm-1, zone: us-central1-b}}
        - {name: g, org: acme, requires: [docker, arm64], provider: {type: docker, hosts: [builder], image: i}}
        - {name: h, repo: acme/app, requires: [linux, x64], provider: {type: gce, template: default, machineTypes: [e2-standard-4, n2-standard-4]}}
    YAML
  }
  expect_failures = [terraform_data.pools]

  assert {
    condition = local.label_mistakes == [
      "pools[0]: found the labels [\"arm64\"], expected labels that fit runner_templates.default, which is Linux on x64 (e2-standard-4)",
      "pools[1]: found the labels [\"macos\",\"windows\"], expected labels that fit runner_templates.default, which is Linux on x64 (e2-standard-4)",
      "pools[2].provider.machineTypes: found e2-standard-4, expected types for arm64, as the image of runner_templates.arm is",
      "pools[3]: found the labels [\"aarch64\"], expected labels that fit runner_templates.own, which is Windows on x64 (e2-standard-4)",
      "pools[4]: found the labels [\"linux\"], expected labels that fit runner_templates.windows, which is Windows on x64 (e2-standard-4)",
      "pools[5]: found the labels [\"x64\"], expected labels that fit persistent_vms.arm-1, which is Linux on arm64 (t2a-standard-4)",
      "pools[6]: found the labels [\"arm64\"], expected labels that fit docker_hosts.builder, which is Linux on x64 (e2-standard-8)",
    ]
    error_message = join("\n", local.label_mistakes)
  }
}
