# Several Apps and several queues: names, rates, instances, rights.

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
  pools         = "{pools: [{name: arm, repo: acme/app, requires: [arm64], provider: {type: gce, template: projects/acme-runners/global/instanceTemplates/arm}}]}"
}

run "one_of_each" {
  assert {
    condition = (
      keys(google_cloud_tasks_queue.queue) == ["provision", "stop"] && length(google_secret_manager_secret.more_app_key) == 0 &&
      !contains(keys(google_cloudfunctions2_function.function["provision"].service_config[0].environment_variables), "GITHUB_APPS")
    )
    error_message = "nothing is there that nobody asked for"
  }
}

run "three_apps" {
  variables {
    github_apps = [{ app_id = "777" }, { app_id = "778" }]
  }

  assert {
    condition     = google_cloud_tasks_queue.queue["provision"].rate_limits[0].max_dispatches_per_second == 8.55
    error_message = "the rate is the number that the state keeps, not 8.5499…, or every plan shows a change"
  }
}

run "two_apps_and_four_queues" {
  variables {
    github_apps      = [{ app_id = "777", installation_id = "42" }]
    provision_queues = 4
  }

  assert {
    condition     = keys(google_cloud_tasks_queue.queue) == ["provision", "provision-2", "provision-3", "provision-4", "stop"]
    error_message = "the first queue keeps its name"
  }

  assert {
    condition = alltrue([
      for name, queue in google_cloud_tasks_queue.queue :
      queue.rate_limits[0].max_dispatches_per_second == (name == "stop" ? 30 : 5.7) && queue.rate_limits[0].max_concurrent_dispatches == (name == "stop" ? 60 : 80)
    ])
    error_message = "each provision queue has GitHub's limit for both Apps"
  }

  assert {
    condition = alltrue([
      for function in ["webhook", "provision", "stop", "sweep", "api"] :
      google_cloudfunctions2_function.function[function].service_config[0].environment_variables["PROVISION_QUEUE"] ==
      join(",", [for name in ["provision", "provision-2", "provision-3", "provision-4"] : google_cloud_tasks_queue.queue[name].id])
    ])
    error_message = "every function knows the queues in the same order"
  }

  assert {
    condition     = google_cloudfunctions2_function.function["provision"].service_config[0].max_instance_count * 10 >= 4 * 80 + 60
    error_message = "provision takes as many requests as its queues send at once"
  }

  assert {
    condition = alltrue([
      for function in ["webhook", "provision", "stop", "sweep", "api"] :
      contains(keys(google_cloud_tasks_queue_iam_member.enqueuer), "${function}/provision-4")
    ]) && contains(keys(google_cloud_tasks_queue_iam_member.checker), "provision-4")
    error_message = "every function creates tasks in every queue, and api looks at each"
  }

  assert {
    condition = jsondecode(google_cloudfunctions2_function.function["provision"].service_config[0].environment_variables["GITHUB_APPS"]) == [
      { appId = 777, installationId = 42, privateKey = google_secret_manager_secret.more_app_key["777"].id }
    ]
    error_message = "the App is named with its key's secret"
  }

  assert {
    condition     = keys(google_secret_manager_secret_iam_member.read_more_app_key) == ["api/777", "provision/777", "stop/777", "sweep/777"]
    error_message = "who uses an App reads its key, and webhook does not"
  }

  assert {
    condition     = strcontains(output.next_steps, "gcloud secrets versions add slipway-github-app-777-private-key")
    error_message = "the steps say how the key is stored"
  }
}

run "an_app_twice" {
  command = plan
  variables {
    github_apps = [{ app_id = "12345" }]
  }
  expect_failures = [var.github_apps]
}

run "a_client_id_for_an_app" {
  command = plan
  variables {
    github_apps = [{ app_id = "Iv1.8a61f9b3a7aba766" }]
  }
  expect_failures = [var.github_apps]
}

run "an_app_beside_a_token" {
  command = plan
  variables {
    github_auth   = "token"
    github_app_id = null
    github_apps   = [{ app_id = "777" }]
  }
  expect_failures = [var.github_apps]
}

run "half_a_queue" {
  command = plan
  variables {
    provision_queues = 1.5
  }
  expect_failures = [var.provision_queues]
}
