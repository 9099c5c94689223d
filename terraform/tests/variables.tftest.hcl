# What is refused before anything is made.

mock_provider "google" {}

variables {
  project       = "acme-runners"
  region        = "us-central1"
  github_app_id = "12345"
  pools         = "{pools: [{name: arm, repo: acme/app, requires: [arm64], provider: {type: gce, template: projects/acme-runners/global/instanceTemplates/arm}}]}"
  bundles       = "./tests/bundles"
}

run "a_zone_for_a_region" {
  command = plan
  variables {
    region = "us-central1-a"
  }
  expect_failures = [var.region]
}

run "a_project_number" {
  command = plan
  variables {
    project = "123456789012"
  }
  expect_failures = [var.project]
}

run "a_client_id_for_the_app_id" {
  command = plan
  variables {
    github_app_id = "Iv1.8a61f9b3a7aba766"
  }
  expect_failures = [var.github_app_id]
}

run "the_name_of_a_role" {
  command = plan
  variables {
    aws_role_arn = "slipway-ec2-eu-central-1"
  }
  expect_failures = [var.aws_role_arn]
}

run "an_audience_with_a_space" {
  command = plan
  variables {
    aws_web_identity_audience = "slipway production"
  }
  expect_failures = [var.aws_web_identity_audience]
}

run "pools_that_are_no_yaml" {
  command = plan
  variables {
    pools = "pools: [unclosed"
  }
  expect_failures = [var.pools]
}

run "no_pools" {
  command = plan
  variables {
    pools = "pools: []"
  }
  expect_failures = [var.pools]
}

run "settings_without_pools" {
  command = plan
  variables {
    pools = "defaults: {idleMinutes: 10}"
  }
  expect_failures = [var.pools]
}

run "the_path_of_a_file_for_its_content" {
  command = plan
  variables {
    pools = "pools.yaml"
  }
  expect_failures = [var.pools]
}

run "pools_in_the_older_flat_form" {
  command = plan
  variables {
    pools = "[{\"repo\": \"acme/app\", \"labels\": [\"gpu\"], \"vm_instance_name\": \"gpu\", \"vm_instance_zone\": \"us-central1-a\"}, {\"repo\": \"acme/web\", \"labels\": [\"gpu\"], \"vm_instance_name\": \"gpu\", \"vm_instance_zone\": \"us-central1-a\"}]"
  }

  assert {
    condition     = local.environment_groups.common.RUNNER_CONFIG == var.pools
    error_message = "the flat form is passed on as it is"
  }

  assert {
    condition     = keys(local.pool_vms) == ["us-central1-a/gpu"]
    error_message = "a VM that several entries share is one VM"
  }
}

run "a_name_too_long_for_runners" {
  command = plan
  variables {
    deployment = "a-deployment-with-a-long-name"
  }
  expect_failures = [var.deployment]
}

run "a_queue_without_a_bound" {
  command = plan
  variables {
    task_max_attempts = -1
  }
  expect_failures = [var.task_max_attempts]
}

run "a_runner_without_an_end" {
  command = plan
  variables {
    runner_templates = { runner = { max_run_hours = 0 } }
  }
  expect_failures = [terraform_data.pools]
}

run "the_default_database" {
  command = plan
  variables {
    firestore_database = "(default)"
  }
  expect_failures = [var.firestore_database]
}

run "bundles_that_were_not_built" {
  command = plan
  variables {
    bundles = "./tests/nowhere"
  }
  expect_failures = [data.archive_file.bundle]
}

run "a_persistent_vm_without_a_zone" {
  command = plan
  variables {
    pools = "[{\"repo\": \"acme/app\", \"labels\": [\"gpu\"], \"vm_instance_name\": \"gpu\"}]"
  }
  expect_failures = [google_compute_instance_iam_member.function]
}

run "a_persistent_vm_with_a_runners_name" {
  command = plan
  variables {
    persistent_vms = { slipway-gpu = { zone = "us-central1-a" } }
  }
  expect_failures = [var.persistent_vms]
}

run "a_sweep_interval_between_minutes" {
  command = plan
  variables {
    sweep_interval_seconds = 90
  }
  expect_failures = [var.sweep_interval_seconds]
}

run "a_sweep_interval_that_is_too_short" {
  command = plan
  variables {
    sweep_interval_seconds = 9
  }
  expect_failures = [var.sweep_interval_seconds]
}

run "an_e_mail_for_a_notification_channel" {
  command = plan
  variables {
    notification_channels = ["me@example.com"]
  }
  expect_failures = [var.notification_channels]
}

run "everybody_as_a_caller_of_the_api" {
  command = plan
  variables {
    api_callers = ["allUsers"]
  }
  expect_failures = [var.api_callers]
}

run "an_existing_database_without_its_name" {
  command = plan
  variables {
    create_firestore_database = false
  }
  expect_failures = [var.firestore_database]
}

run "a_label_that_is_ours" {
  command = plan
  variables {
    labels = { slipway-deployment = "other" }
  }
  expect_failures = [var.labels]
}

run "a_ghes_address_without_its_api" {
  command = plan
  variables {
    github_api_url = "https://github.example.com"
  }
  expect_failures = [var.github_api_url]
}

run "the_pages_of_ghe_com_in_place_of_its_api" {
  command = plan
  variables {
    github_api_url = "https://acme.ghe.com/"
  }
  expect_failures = [var.github_api_url]
}
