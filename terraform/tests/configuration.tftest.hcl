# What the functions are told, and whether queues, database and code agree on it.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project           = "acme-runners"
  region            = "us-central1"
  github_app_id     = "12345"
  task_max_attempts = 7
  bundles           = "./tests/bundles"
  runner_templates  = { runner-arm64 = { machine_type = "t2a-standard-4" } }
  pools             = <<-YAML
    # Kept: "quotes", 'quotes', $${braces}, %%{directives}, umlauts ä and the order of keys.
    pools:
      - name: arm
        repos: ["acme/*", "!acme/legacy"]
        requires: [self-hosted, linux, arm64]
        provider: {type: gce, template: runner-arm64, region: us-central1, spot: prefer}
  YAML
}

run "environment" {
  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.function : function.service_config[0].environment_variables["RUNNER_CONFIG"] == var.pools
    ])
    error_message = "the pools reach RUNNER_CONFIG byte for byte"
  }

  assert {
    condition = (
      google_cloudfunctions2_function.function["webhook"].service_config[0].environment_variables["GITHUB_WEBHOOK_SECRET"] == "file:/etc/secrets/github-webhook-secret" &&
      google_cloudfunctions2_function.function["webhook"].service_config[0].environment_variables["TASK_SIGNING_KEY"] == "file:/etc/task-signing-key/key" &&
      [
        for volume in google_cloudfunctions2_function.function["webhook"].service_config[0].secret_volumes :
        "${volume.secret} in ${volume.mount_path}/${volume.versions[0].path}, ${volume.versions[0].version}"
        ] == [
        "slipway-task-signing-key in /etc/task-signing-key/key, latest",
        "slipway-github-webhook-secret in /etc/secrets/github-webhook-secret, latest",
      ]
    )
    error_message = "webhook reads its secrets from the files where they are mounted"
  }

  assert {
    condition = alltrue([
      for name in ["provision", "stop", "sweep", "api"] :
      google_cloudfunctions2_function.function[name].service_config[0].environment_variables["TASK_SIGNING_KEY"] == google_secret_manager_secret.task_signing_key.id &&
      length(google_cloudfunctions2_function.function[name].service_config[0].secret_volumes) == 0
    ])
    error_message = "the others are told the name of the key that signs tasks, not its value"
  }

  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.function : function.service_config[0].environment_variables["NODE_ENV"] == "production"
    ])
    error_message = "no function answers with a stack"
  }

  assert {
    condition = alltrue([
      for name in ["provision", "stop", "sweep", "api"] :
      google_cloudfunctions2_function.function[name].service_config[0].environment_variables["GITHUB_APP_PRIVATE_KEY"] == google_secret_manager_secret.app_private_key[0].id
    ])
    error_message = "functions are told the private key's name, not its value"
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.function :
      lookup(function.service_config[0].environment_variables, "INTERNAL_AUTH", "none") == (contains(["webhook", "api"], name) ? "none" : "platform")
    ])
    error_message = "INTERNAL_AUTH=platform is for functions behind IAM only"
  }
}

run "urls" {
  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.function :
      function.service_config[0].environment_variables["PROVISION_URL"] == "https://slipway-provision-123456789012.us-central1.run.app" &&
      function.service_config[0].environment_variables["STOP_URL"] == "https://slipway-stop-123456789012.us-central1.run.app"
    ])
    error_message = "all functions agree on the URLs, which are the audiences too"
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.function : function.name == "slipway-${name}" && function.build_config[0].entry_point == name])
    error_message = "the URL is made of the function's name"
  }
}

run "functions" {
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.function : function.build_config[0].runtime == "nodejs24"])
    error_message = "Node 24"
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.function :
      function.build_config[0].source[0].storage_source[0].object == "${name}-${data.archive_file.bundle[name].output_sha256}.zip"
    ])
    error_message = "each function is deployed from its own bundle, named by content"
  }

  assert {
    # Cloud Tasks gives up on an attempt after 600 s and starts the next.
    condition     = alltrue([for function in google_cloudfunctions2_function.function : function.service_config[0].timeout_seconds < 600])
    error_message = "an attempt ends before the next begins"
  }

  assert {
    condition = alltrue([
      for name, queues in { provision = ["provision", "stop"], stop = ["stop"] } :
      google_cloudfunctions2_function.function[name].service_config[0].max_instance_count *
      google_cloudfunctions2_function.function[name].service_config[0].max_instance_request_concurrency >=
      sum([for queue in queues : google_cloud_tasks_queue.queue[queue].rate_limits[0].max_concurrent_dispatches])
    ])
    error_message = "a function takes as many requests as its queues send at once; news of starts comes to provision from the queue stop"
  }
}

run "queues" {
  assert {
    condition = alltrue([
      for queue in google_cloud_tasks_queue.queue :
      queue.retry_config[0].max_attempts == 7 && queue.retry_config[0].min_backoff == "10s" && queue.retry_config[0].max_backoff == "300s"
    ])
    error_message = "every queue has a bound"
  }

  assert {
    condition = alltrue([
      for name in ["provision", "stop"] :
      google_cloudfunctions2_function.function[name].service_config[0].environment_variables["TASK_MAX_ATTEMPTS"] ==
      tostring(google_cloud_tasks_queue.queue[name].retry_config[0].max_attempts)
    ])
    error_message = "queue and code agree on which attempt is the last"
  }

  assert {
    condition = (
      google_cloud_tasks_queue.queue["provision"].rate_limits[0].max_dispatches_per_second == 2.85 &&
      google_cloud_tasks_queue.queue["provision"].rate_limits[0].max_concurrent_dispatches == 40
    )
    error_message = "provision goes at 95 % of GitHub's secondary rate limit: 900 points a minute, 5 for a runner"
  }

  assert {
    condition = (
      google_cloud_tasks_queue.queue["stop"].rate_limits[0].max_dispatches_per_second == 30 &&
      google_cloud_tasks_queue.queue["stop"].rate_limits[0].max_concurrent_dispatches == 60
    )
    error_message = "what asks for no runner does not wait"
  }

  assert {
    condition     = google_cloud_tasks_queue.queue["stop"].name == "slipway-stop-${random_id.suffix.hex}"
    error_message = "a queue's name ends in a suffix, for a deleted name is blocked for days"
  }
}

run "store" {
  assert {
    condition     = keys(google_firestore_field.expiry) == ["breakers", "containers", "deadletters", "facts", "hosts", "jobs", "keys", "locks", "runners", "slots", "standby", "usage", "vms"]
    error_message = "every collection has a TTL policy"
  }

  assert {
    condition     = alltrue([for field in google_firestore_field.expiry : field.field == "expireAt" && length(field.ttl_config) == 1])
    error_message = "the TTL is on expireAt"
  }

  assert {
    condition = sort([
      for field in google_firestore_field.unindexed : field.field
      if field.collection == "facts" && length(field.index_config) == 1 && length(field.index_config[0].indexes) == 0
    ]) == tolist(["boots", "downloads", "inUse"])
    error_message = "the lists of facts are not indexed"
  }

  assert {
    condition     = [for field in google_firestore_index.index["open_jobs"].fields : field.field_path if field.field_path != "__name__"] == ["pool", "demand", "queuedAt"]
    error_message = "open jobs are read oldest first"
  }

  assert {
    condition     = [for field in google_firestore_index.index["ended_runners"].fields : field.field_path if field.field_path != "__name__"] == ["state", "stateAt"]
    error_message = "ended runners are counted in the order of their end"
  }

  assert {
    condition     = google_firestore_field.unindexed["usage"].collection == "usage" && google_firestore_field.unindexed["usage"].field == "rows"
    error_message = "the rows of usage are in no index"
  }

  assert {
    condition     = [for field in google_firestore_index.index["queued_jobs"].fields : field.field_path if field.field_path != "__name__"] == ["status", "queuedAt"]
    error_message = "the queued jobs of all pools are read oldest first"
  }

  assert {
    condition     = google_firestore_database.state[0].name != "(default)" && google_firestore_database.state[0].delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "the database is our own, and protected"
  }
}

run "without_protection" {
  variables {
    deletion_protection = false
  }

  assert {
    condition = (
      google_firestore_database.state[0].delete_protection_state == "DELETE_PROTECTION_DISABLED" && google_firestore_database.state[0].deletion_policy == "DELETE"
    )
    error_message = "without protection a destroy deletes the database"
  }
}

run "an_existing_database" {
  command = plan
  variables {
    create_firestore_database = false
    firestore_database        = "(default)"
  }

  assert {
    condition     = length(google_firestore_database.state) == 0 && alltrue([for field in google_firestore_field.expiry : field.database == "(default)"])
    error_message = "an existing database gets the TTL policies and is not made"
  }
}

run "sizes" {
  command = plan
  variables {
    functions      = { webhook = { min_instances = 1 }, provision = { memory = "1Gi" } }
    provision_rate = { concurrent = 55 }
  }

  assert {
    condition = (
      google_cloudfunctions2_function.function["webhook"].service_config[0].min_instance_count == 1 &&
      google_cloudfunctions2_function.function["webhook"].service_config[0].max_instance_request_concurrency == 80 &&
      google_cloudfunctions2_function.function["provision"].service_config[0].available_memory == "1Gi"
    )
    error_message = "what is not said stays as it is"
  }

  assert {
    condition     = google_cloudfunctions2_function.function["provision"].service_config[0].max_instance_count == 13
    error_message = "provision grows with its queue"
  }
}

run "labels" {
  command = plan
  variables {
    labels = { team = "build" }
  }

  assert {
    condition = alltrue([
      for labels in concat(
        [for function in google_cloudfunctions2_function.function : function.labels],
        [for policy in google_monitoring_alert_policy.log : policy.user_labels],
        [google_storage_bucket.bundles.labels, google_secret_manager_secret.manager.labels],
      ) : labels["team"] == "build" && labels["slipway-deployment"] == "slipway"
    ])
    error_message = "everything carries the labels of the cost report"
  }
}
