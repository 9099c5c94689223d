# What is refused in variables whose values are objects.

mock_provider "google" {}

variables {
  project       = "acme-runners"
  region        = "us-central1"
  github_app_id = "12345"
  pools         = "{pools: [{name: arm, repo: acme/app, requires: [arm64], provider: {type: gce, template: projects/acme-runners/global/instanceTemplates/arm}}]}"
  bundles       = "./tests/bundles"
}

run "values_that_cannot_work" {
  command = plan
  variables {
    functions = {
      webhook   = { cpu = "0.5" }
      provision = { timeout_seconds = 600, memory = "1 GB" }
      sweep     = { concurrency = 0, min_instances = 3 }
    }
    sweep_budget_seconds = 290
    provision_rate       = { per_second = 0, concurrent = 6000 }
    kms_keys             = { database = "projects/k/locations/us-central1/keyRings/r/cryptoKeys/state", secrets = "projects/k/locations/us-central1/keyRings/r/cryptoKeys/s", bucket = "code" }
    firestore_location   = "nam5"
    monitoring           = { without = ["dead_letters", "quota"], metrics = false, job_wait_minutes = 0, sweep_silence_minutes = 4 }
  }
  expect_failures = [terraform_data.pools]

  assert {
    condition = local.setting_mistakes == [
      "functions.provision.memory: found \"1 GB\", expected one such as 512Mi or 1Gi",
      "functions.provision.timeout_seconds: found 600, expected less than 300: an attempt has to end before Cloud Tasks begins the next one",
      "functions.sweep.concurrency: found 0, expected 1 to 1000",
      "functions.sweep.min_instances: found 3, expected 0 up to max_instances",
      "functions.sweep.timeout_seconds: found 300, expected at least 30 above sweep_budget_seconds (290), so that a sweep ends by itself, and at most 1780, since Cloud Scheduler waits for half an hour at most",
      "functions.webhook.cpu: found 0.5, expected at least 1 where concurrency is above 1: Cloud Run refuses the deployment otherwise",
      "kms_keys.bucket: found \"code\", expected projects/P/locations/us-central1/keyRings/R/cryptoKeys/K",
      "kms_keys.database: found \"projects/k/locations/us-central1/keyRings/r/cryptoKeys/state\", expected projects/P/locations/us/keyRings/R/cryptoKeys/K",
      "kms_keys.secrets: found \"projects/k/locations/us-central1/keyRings/r/cryptoKeys/s\", expected projects/P/locations/global/keyRings/R/cryptoKeys/K",
      "provision_rate.per_second: found 0, expected more than 0, at most 500",
      "provision_rate.concurrent: found 6000, expected 1 to 5000",
      "monitoring.without: found dead_letters, expected names of alerts (alert, boot_failure, breaker, broken, dead_letter, github_limit, job_waits, quota, runner_version, unserved, webhook_silent, sweep_silent, errors)",
      "monitoring.dashboard: found true without metrics, expected metrics too: the dashboard shows them",
      "monitoring.job_wait_minutes: found 0, expected more than 0",
      "monitoring.sweep_silence_minutes: found 4, expected 5 to 1410",
    ]
    error_message = join("\n", local.setting_mistakes)
  }
}

run "fields_that_there_are_not" {
  command = plan
  variables {
    functions      = { webhok = { cpu = "2" }, api = { memory = "1Gi", timeout = 60 }, stop = null }
    monitoring     = { alert = false, without = ["quota"] }
    provision_rate = { per_minute = 60 }
    kms_keys       = { databas = "k" }
    github_apps    = [{ app_id = "777" }, { app_id = 778, installation = "1" }]
    vpc_connector  = { name = "projects/acme-net/locations/us-central1/connectors/c", egres = "ALL_TRAFFIC" }
    proxy          = { url = "http://proxy.example.com:3128", noproxy = [".example.com"] }
  }
  expect_failures = [terraform_data.pools]

  assert {
    condition = [for text in local.unknown_fields : text] == [
      "functions.api.timeout: found an unknown field, expected one of concurrency, cpu, max_instances, memory, min_instances, timeout_seconds",
      "functions.webhok: found an unknown field, expected one of api, provision, stop, sweep, webhook",
      "github_apps[1].installation: found an unknown field, expected one of app_id, installation_id",
      "kms_keys.databas: found an unknown field, expected one of bucket, database, secrets",
      "monitoring.alert: found an unknown field, expected one of alerts, dashboard, job_wait_minutes, metrics, sweep_silence_minutes, without",
      "provision_rate.per_minute: found an unknown field, expected one of concurrent, per_second",
      "proxy.noproxy: found an unknown field, expected one of functions, no_proxy, runners, url",
      "vpc_connector.egres: found an unknown field, expected one of egress, name",
    ]
    error_message = join("\n", local.unknown_fields)
  }
}

run "fields_that_there_are" {
  command = plan
  variables {
    functions      = { webhook = { cpu = "2", min_instances = 1 }, api = {} }
    monitoring     = null
    provision_rate = { per_second = 1 }
    github_apps    = [{ app_id = "777" }, { app_id = "778", installation_id = "1" }]
    vpc_connector  = { name = "projects/acme-net/locations/us-central1/connectors/c" }
    proxy          = { url = "http://proxy.example.com:3128", no_proxy = [".example.com"] }
    runner_templates = {
      a = { metadata = { anything = sensitive("x") }, disks = [{ gb = 10 }], accelerator = { type = "nvidia-tesla-t4" }, machine_type = "n1-standard-4" }
    }
    cloud_run_jobs = { light = { env = { anything = "x" }, volumes = { cache = { mount_path = "/cache", bucket = "b" } } } }
  }

  assert {
    condition     = length(local.unknown_fields) == 0
    error_message = join("\n", local.unknown_fields)
  }

  assert {
    condition     = module.fields.functions.webhook.memory == "512Mi" && module.fields.functions.stop.concurrency == 10 && module.fields.monitoring.job_wait_minutes == 10
    error_message = "what is left out has its default"
  }
}

run "keys_of_ones_own" {
  command = plan
  variables {
    kms_keys = {
      database = "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/state"
      secrets  = "projects/keys/locations/global/keyRings/r/cryptoKeys/secrets"
      bucket   = "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/code"
    }
    github_apps  = [{ app_id = "777" }]
    docker_hosts = { builder = { zone = "us-central1-a" } }
    pools        = <<-YAML
      hosts: [{name: builder, capacity: 4}]
      pools:
        - {name: docker, org: acme, requires: [docker], provider: {type: docker, hosts: [builder], image: i}}
    YAML
  }

  assert {
    condition     = google_firestore_database.state[0].cmek_config[0].kms_key_name == "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/state"
    error_message = "the database has its key"
  }

  assert {
    condition     = google_storage_bucket.bundles.encryption[0].default_kms_key_name == "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/code"
    error_message = "the bucket has its key"
  }

  assert {
    condition = alltrue([
      for secret in concat(
        [google_secret_manager_secret.manager, google_secret_manager_secret.webhook, google_secret_manager_secret.app_private_key[0]],
        values(google_secret_manager_secret.more_app_key),
        values(google_secret_manager_secret.host_token),
      ) : secret.replication[0].auto[0].customer_managed_encryption[0].kms_key_name == "projects/keys/locations/global/keyRings/r/cryptoKeys/secrets"
    ])
    error_message = "secrets have their key"
  }
}

run "no_keys_of_ones_own" {
  command = plan

  assert {
    condition = (
      length(google_firestore_database.state[0].cmek_config) == 0 && length(google_storage_bucket.bundles.encryption) == 0 &&
      length(google_secret_manager_secret.manager.replication[0].auto[0].customer_managed_encryption) == 0
    )
    error_message = "without kms_keys nothing is said of keys"
  }
}
