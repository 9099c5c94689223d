# What is watched, and that each part can be left out.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project               = "acme-runners"
  region                = "us-central1"
  github_app_id         = "12345"
  bundles               = "./tests/bundles"
  pools                 = "{pools: [{name: arm, repo: acme/app, requires: [arm64], provider: {type: gce, template: projects/acme-runners/global/instanceTemplates/arm}}]}"
  notification_channels = ["projects/acme-runners/notificationChannels/1"]
}

run "all" {
  assert {
    condition     = length(setsubtract(["decisions", "failures", "dead_letters", "sweep_repairs", "queued_to_created", "queued_to_running", "oldest_waiting", "unserved_jobs", "runner_version_ends"], keys(google_logging_metric.metric))) == 0
    error_message = "there are metrics of waiting, decisions, failures, dead letters and repairs"
  }

  assert {
    condition     = alltrue([for metric in google_logging_metric.metric : strcontains(metric.filter, "^slipway-(")])
    error_message = "a metric counts this installation's lines only"
  }

  assert {
    condition = alltrue([
      for name, metric in google_logging_metric.metric :
      (metric.metric_descriptor[0].value_type == "DISTRIBUTION") == contains(["queued_to_created", "queued_to_running", "oldest_waiting"], name) && (metric.value_extractor != null) == (metric.metric_descriptor[0].value_type == "DISTRIBUTION")
    ])
    error_message = "times are distributions, all else are counts"
  }

  assert {
    condition     = keys(google_monitoring_alert_policy.log) == ["alert", "boot_failure", "breaker", "broken", "dead_letter", "github_limit", "job_waits", "quota", "runner_version", "unserved", "webhook_silent"] && length(google_monitoring_alert_policy.sweep_silent) == 1 && length(google_monitoring_alert_policy.errors) == 1
    error_message = "there is an alert for each thing that a person has to know"
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.log : policy.notification_channels == tolist(var.notification_channels) && length(policy.alert_strategy[0].notification_rate_limit) == 1])
    error_message = "the channels are told, and not for each line"
  }

  assert {
    condition = alltrue([
      for key in ["job_waits", "unserved", "dead_letter", "alert"] :
      strcontains(google_monitoring_alert_policy.log[key].documentation[0].content, "$${log.extracted_label.url}") &&
      strcontains(google_monitoring_alert_policy.log[key].documentation[0].content, "https://slipway-api-123456789012.us-central1.run.app/explain?job=$${log.extracted_label.job}")
    ])
    error_message = "an incident about a job carries its URL and a link to /explain"
  }

  assert {
    condition = alltrue([
      for key, policy in google_monitoring_alert_policy.log : length(setsubtract(
        flatten(regexall("log\\.extracted_label\\.([a-z]+)", policy.documentation[0].content)),
        keys(policy.conditions[0].condition_matched_log[0].label_extractors),
      )) == 0
    ])
    error_message = "an incident shows what is extracted from the line"
  }

  assert {
    condition = alltrue([
      for condition in google_monitoring_alert_policy.errors[0].conditions :
      strcontains(condition.condition_threshold[0].filter, "full_match(\"slipway-(")
    ])
    error_message = "5xx are counted of this installation's functions"
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.sweep_silent[0].conditions[0].condition_absent[0].filter, "service_name=\"slipway-sweep\"")
    error_message = "silence is that of this installation's sweep"
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.sweep_silent[0].conditions[0].condition_absent[0].filter, "response_code=\"200\"")
    error_message = "a sweep that found another one at work (202) has not swept"
  }

  assert {
    condition = length(setsubtract(
      regexall("user/slipway/([a-z_]+)", google_monitoring_dashboard.slipway[0].dashboard_json)[*][0],
      keys(google_logging_metric.metric),
    )) == 0
    error_message = "the dashboard shows metrics that are there"
  }
}

run "a_later_alarm" {
  command = plan
  variables {
    monitoring = { job_wait_minutes = 30, without = ["quota", "sweep_silent", "errors"] }
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.log["job_waits"].conditions[0].condition_matched_log[0].filter, "oldest_age_seconds>1800")
    error_message = "job_wait_minutes is in minutes"
  }

  assert {
    condition     = !contains(keys(google_monitoring_alert_policy.log), "quota") && length(google_monitoring_alert_policy.sweep_silent) == 0 && length(google_monitoring_alert_policy.errors) == 0
    error_message = "an alert can be left out"
  }
}

run "a_slow_sweep" {
  command = plan
  variables {
    sweep_interval_seconds = 600
  }

  assert {
    condition     = google_monitoring_alert_policy.sweep_silent[0].conditions[0].condition_absent[0].duration == "1800s"
    error_message = "a sweep is silent after three of its intervals, if these are longer than sweep_silence_minutes"
  }
}

run "nothing" {
  command = plan
  variables {
    monitoring = { metrics = false, dashboard = false, alerts = false }
  }

  assert {
    condition = (
      length(google_logging_metric.metric) == 0 && length(google_monitoring_dashboard.slipway) == 0 &&
      length(google_monitoring_alert_policy.log) == 0 && length(google_monitoring_alert_policy.sweep_silent) == 0 &&
      length(google_monitoring_alert_policy.errors) == 0
    )
    error_message = "each part can be switched off"
  }
}

run "boot_times" {
  command = plan

  assert {
    condition     = length(google_logging_metric.boot) == 6 && alltrue([for metric in google_logging_metric.boot : strcontains(metric.filter, " vm=slipway-")])
    error_message = "each step of a boot has a metric, of this deployment's VMs alone"
  }

  assert {
    condition     = can(regex(regex("textPayload=~\"(.*)\"$", google_logging_metric.boot["boot_listener_seconds"].filter)[0], "2026-11-30T13:41:54Z slipway: boot-seconds metadata=5.31 runner=5.90 listener=7.75 vm=slipway-arm-7-1"))
    error_message = "the filter takes the line that runner/src/boot-times.sh writes"
  }
}
