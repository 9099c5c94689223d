# The VMs' side: templates, persistent VMs and the network.

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
  pools         = <<-YAML
    pools:
      - {name: arm, repo: acme/app, requires: [arm64], provider: {type: gce, template: runner-arm64, region: us-central1, machineTypes: [c4a-standard-4]}}
      - {name: x64, repo: acme/app, requires: [x64], provider: {type: gce, template: runner-x64, zones: [europe-west4-a]}}
      - {name: own, repo: acme/app, requires: [own], provider: {type: gce, template: projects/other/global/instanceTemplates/own, region: us-central1}}
  YAML
}

run "templates_of_the_pools" {
  assert {
    condition     = keys(google_compute_region_instance_template.runner) == ["runner-arm64", "runner-x64"]
    error_message = "each bare name in the pools gets a template, a URL is somebody else's"
  }

  assert {
    condition = (
      google_compute_region_instance_template.runner["runner-arm64"].machine_type == "c4a-standard-4" &&
      google_compute_region_instance_template.runner["runner-arm64"].disk[0].disk_type == "hyperdisk-balanced" &&
      endswith(google_compute_region_instance_template.runner["runner-arm64"].disk[0].source_image, "-arm64") &&
      google_compute_region_instance_template.runner["runner-x64"].disk[0].disk_type == "pd-balanced" &&
      endswith(google_compute_region_instance_template.runner["runner-x64"].disk[0].source_image, "-amd64")
    )
    error_message = "image and disk fit the machine type"
  }

  assert {
    condition     = google_compute_region_instance_template.runner["runner-x64"].region == "europe-west4"
    error_message = "a pool's template is in the pool's region, also when it only names zones"
  }

  assert {
    condition     = alltrue([for template in google_compute_region_instance_template.runner : length(template.service_account) == 0])
    error_message = "no runner has a service account, whose token each job could take"
  }

  assert {
    condition = alltrue([
      for template in google_compute_region_instance_template.runner :
      template.scheduling[0].instance_termination_action == "DELETE" && template.scheduling[0].max_run_duration[0].seconds > 0 && !template.scheduling[0].automatic_restart
    ])
    error_message = "every runner carries its own end"
  }

  assert {
    condition = alltrue([
      for template in google_compute_region_instance_template.runner :
      template.metadata["block-project-ssh-keys"] == "true" && template.metadata["enable-oslogin"] == "TRUE" && template.metadata["serial-port-logging-enable"] == "true"
    ])
    error_message = "SSH is by OS Login alone, and the console's log outlives the VM"
  }

  assert {
    condition     = alltrue([for template in google_compute_region_instance_template.runner : template.metadata["startup-script"] == file("./runner/startup.sh")])
    error_message = "a runner is started by the module's script"
  }

  assert {
    condition     = alltrue([for template in google_compute_region_instance_template.runner : template.shielded_instance_config[0].enable_vtpm && template.shielded_instance_config[0].enable_integrity_monitoring])
    error_message = "runners are shielded VMs"
  }

  assert {
    condition     = alltrue([for template in google_compute_region_instance_template.runner : length(template.network_interface[0].access_config) == 0])
    error_message = "runners have no address of their own"
  }
}

run "idle_runners" {
  command = plan
  variables {
    pools = <<-YAML
      defaults: {idleMinutes: 20}
      pools:
        - {name: a, repo: acme/app, requires: [a], provider: {type: gce, template: shared, region: us-central1}}
        - {name: b, repo: acme/app, requires: [b], bootMinutes: 10, provider: {type: gce, template: shared, region: us-central1}}
        - {name: c, repo: acme/app, requires: [c], minIdle: [{cron: "* 8-17 * * 1-5", count: 2}], provider: {type: gce, template: warm, region: us-central1}}
    YAML
  }

  assert {
    condition     = google_compute_region_instance_template.runner["shared"].metadata["slipway-idle-seconds"] == "2100"
    error_message = "a VM waits longer for a job than the control plane does, whichever of its pools made it"
  }

  assert {
    condition     = google_compute_region_instance_template.runner["warm"].metadata["slipway-idle-seconds"] == "0"
    error_message = "a warm runner waits as long as it is kept"
  }
}

run "network_of_their_own" {
  assert {
    condition     = keys(google_compute_router_nat.runners) == ["europe-west4", "us-central1"]
    error_message = "each region with runners has a way out"
  }

  assert {
    condition     = length(google_compute_firewall.iap) == 0
    error_message = "nothing comes in"
  }

  assert {
    condition     = google_compute_region_instance_template.runner["runner-x64"].network_interface[0].subnetwork == "projects/acme-runners/regions/europe-west4/subnetworks/slipway-runners"
    error_message = "runners are in the network that was made for them"
  }
}

run "existing_subnetworks" {
  command = plan
  variables {
    subnetworks = { us-central1 = "runners", europe-west4 = "projects/host/regions/europe-west4/subnetworks/shared" }
  }

  assert {
    condition     = length(google_compute_network.runners) == 0 && length(google_compute_router_nat.runners) == 0
    error_message = "no network is made where each region has one"
  }

  assert {
    condition     = google_compute_region_instance_template.runner["runner-arm64"].network_interface[0].subnetwork == "runners"
    error_message = "the region's subnetwork is taken"
  }
}

run "ssh_for_a_look" {
  command = plan
  variables {
    ssh_over_iap = true
  }

  assert {
    condition     = google_compute_firewall.iap[0].source_ranges == toset(["35.235.240.0/20"])
    error_message = "SSH comes from Identity-Aware Proxy alone"
  }
}

run "templates_as_told" {
  command = plan
  variables {
    runner_templates = {
      runner-spot  = { spot = true, max_run_hours = 2, external_ip = true }
      runner-baked = { image = "family/baked", startup_script = "", metadata = { colour = "blue" } }
    }
    pools = "{pools: [{name: spot, repo: acme/app, requires: [x64], provider: {type: gce, template: runner-spot}}]}"
  }

  assert {
    condition = (
      google_compute_region_instance_template.runner["runner-spot"].scheduling[0].provisioning_model == "SPOT" &&
      google_compute_region_instance_template.runner["runner-spot"].scheduling[0].preemptible &&
      google_compute_region_instance_template.runner["runner-spot"].scheduling[0].instance_termination_action == "DELETE" &&
      google_compute_region_instance_template.runner["runner-spot"].scheduling[0].max_run_duration[0].seconds == 7200
    )
    error_message = "spot VMs are deleted when they end, max_run_hours is in hours"
  }

  assert {
    condition     = length(google_compute_region_instance_template.runner["runner-spot"].network_interface[0].access_config) == 1
    error_message = "external_ip decides on an external address"
  }

  assert {
    condition = (
      !contains(keys(google_compute_region_instance_template.runner["runner-baked"].metadata), "startup-script") &&
      google_compute_region_instance_template.runner["runner-baked"].metadata["colour"] == "blue"
    )
    error_message = "an image that starts the runner itself needs no script"
  }
}

run "no_templates" {
  command = plan
  variables {
    runner_templates = {}
  }

  assert {
    condition     = length(google_compute_region_instance_template.runner) == 0 && length(google_compute_network.runners) == 0
    error_message = "who brings templates gets none made, and no network"
  }
}

run "persistent_vms" {
  variables {
    pools          = "{pools: [{name: gpu, repo: acme/app, requires: [gpu], provider: {type: gce-vm, instance: gpu-1, zone: us-central1-b}}]}"
    persistent_vms = { gpu-1 = { zone = "us-central1-b", machine_type = "n2-standard-8" } }
  }

  assert {
    condition     = module.persistent_vms.vms["gpu-1"].labels["slipway-keep"] == "true"
    error_message = "the sweep keeps its hands off a persistent VM"
  }

  assert {
    condition     = length(module.persistent_vms.vms["gpu-1"].service_account) == 0
    error_message = "a persistent VM has no service account either"
  }

  assert {
    condition     = module.persistent_vms.vms["gpu-1"].metadata["startup-script"] == file("./runner/persistent.sh")
    error_message = "it is started by the module's script for persistent VMs"
  }

  assert {
    condition = (
      module.persistent_vms.vms["gpu-1"].metadata["slipway-github-url"] == "https://github.com/acme/app" &&
      module.persistent_vms.vms["gpu-1"].metadata["slipway-labels"] == "gpu"
    )
    error_message = "its runner is registered where the pool's jobs are, with the pool's labels"
  }

  assert {
    condition     = toset([for grant in google_compute_instance_iam_member.function : grant.instance_name]) == toset(["gpu-1"])
    error_message = "it can be started and stopped"
  }

  assert {
    condition     = keys(google_compute_router_nat.runners) == ["us-central1"]
    error_message = "its region has a way out"
  }
}

run "machines_that_cannot_be_moved" {
  command = plan
  variables {
    pools = <<-YAML
      pools:
        - {name: gpu, repo: acme/app, requires: [gpu], provider: {type: gce, template: runner-gpu, region: us-central1, machineTypes: [g2-standard-8]}}
        - {name: plain, repo: acme/app, requires: [plain], provider: {type: gce, template: runner-plain, region: us-central1}}
    YAML
    persistent_vms = {
      gpu-1    = { zone = "us-central1-b", machine_type = "g2-standard-4" }
      a100     = { zone = "us-central1-b", machine_type = "a2-highgpu-1g", secure_boot = true }
      metal-1  = { zone = "us-central1-b", machine_type = "c3-standard-192-metal" }
      plain-1  = { zone = "us-central1-b", machine_type = "n2-standard-8" }
      arm-1    = { zone = "us-central1-b", machine_type = "c4a-standard-4" }
      driver-1 = { zone = "us-central1-b", machine_type = "n1-standard-4", metadata = { install-nvidia-driver = "True" } }
    }
  }

  assert {
    condition     = alltrue([for template in google_compute_region_instance_template.runner : template.scheduling[0].on_host_maintenance == "TERMINATE"])
    error_message = "a VM for one job is never moved: machine types with GPUs are refused otherwise"
  }

  assert {
    condition = { for name, vm in module.persistent_vms.vms : name => vm.scheduling[0].on_host_maintenance } == {
      gpu-1    = "TERMINATE"
      a100     = "TERMINATE"
      metal-1  = "TERMINATE"
      plain-1  = "MIGRATE"
      arm-1    = "MIGRATE"
      driver-1 = "MIGRATE"
    }
    error_message = "a persistent VM is moved to another host where its machine type can be, so that it lives through maintenance"
  }

  assert {
    condition = { for name, vm in module.persistent_vms.vms : name => vm.shielded_instance_config[0].enable_secure_boot } == {
      gpu-1    = false
      a100     = true
      metal-1  = true
      plain-1  = true
      arm-1    = false
      driver-1 = false
    }
    error_message = "Secure Boot is on unless it would keep GPU drivers that are not signed from loading, or somebody says otherwise"
  }

  assert {
    condition = (
      !google_compute_region_instance_template.runner["runner-gpu"].shielded_instance_config[0].enable_secure_boot &&
      google_compute_region_instance_template.runner["runner-plain"].shielded_instance_config[0].enable_secure_boot
    )
    error_message = "the same for templates"
  }
}

run "one_name_in_two_regions" {
  command = plan
  variables {
    pools = <<-YAML
      pools:
        - {name: a, repo: acme/app, requires: [a], provider: {type: gce, template: shared, region: us-central1}}
        - {name: b, repo: acme/app, requires: [b], provider: {type: gce, template: shared, zones: [europe-west4-a]}}
        - {name: c, repo: acme/app, requires: [c], provider: {type: gce, template: shared, region: europe-west4}}
    YAML
  }

  assert {
    condition = { for key, template in google_compute_region_instance_template.runner : key => "${template.name} in ${template.region}" } == {
      "shared"              = "shared in us-central1"
      "shared/europe-west4" = "shared in europe-west4"
    }
    error_message = "each region in which pools name a template has one of that name"
  }

  assert {
    condition = (
      google_compute_region_instance_template.runner["shared/europe-west4"].network_interface[0].subnetwork == "projects/acme-runners/regions/europe-west4/subnetworks/slipway-runners" &&
      output.runner_templates == { us-central1 = ["shared"], europe-west4 = ["shared"] }
    )
    error_message = "with the network of its region"
  }
}
