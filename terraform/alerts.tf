# Alerts on single log lines: they need no existing metric, and the incident carries the line's sentence and the job's URL. docs/operate.md
# explains each alert and what to do.
locals {
  # What an incident shows of the line. Each combination of values is an incident of its own, so that nothing is extracted that changes while
  # the cause stays the same: a sentence with the age of a job would open one a minute.
  # https://docs.cloud.google.com/logging/docs/alerting/log-based-alerts
  alert_labels = {
    message = { message = "EXTRACT(jsonPayload.message)" }
    job     = { job = "EXTRACT(jsonPayload.job)", url = "EXTRACT(jsonPayload.url)" }
    oldest  = { job = "EXTRACT(jsonPayload.oldest_job)", url = "EXTRACT(jsonPayload.oldest_url)", pool = "EXTRACT(jsonPayload.pool)" }
    reason  = { reason = "EXTRACT(jsonPayload.reason)" }
  }

  log_alerts = {
    job_waits = {
      name   = "a job has waited longer than ${module.fields.monitoring.job_wait_minutes} minutes"
      filter = "jsonPayload.decision=\"waiting\" AND jsonPayload.oldest_age_seconds>${module.fields.monitoring.job_wait_minutes * 60}"
      labels = ["message", "oldest"]
    }
    unserved = {
      name   = "no pool takes a job that asks for a label of a pool"
      filter = "jsonPayload.decision=\"unserved\""
      labels = ["message", "job"]
    }
    dead_letter = {
      name   = "a task was given up"
      filter = "jsonPayload.decision=\"dead_letter\""
      labels = ["message", "job"]
    }
    alert = {
      name   = "a persistent VM cannot serve its jobs"
      filter = "jsonPayload.decision=\"alert\""
      labels = ["reason", "job"]
    }
    github_limit = {
      name   = "GitHub's limit is near or reached"
      filter = "(jsonPayload.decision=\"github_limit_near\" OR (jsonPayload.decision=\"breaker_open\" AND jsonPayload.reason=~\"^github\\.\"))"
      labels = ["reason"]
    }
    boot_failure = {
      name   = "runners do not come up"
      filter = "jsonPayload.decision=\"breaker_open\" AND jsonPayload.reason=~\"^boot\\.\""
      labels = ["message"]
    }
    quota = {
      name   = "a quota of Compute Engine is used up"
      filter = "jsonPayload.decision=\"breaker_open\" AND jsonPayload.reason=~\"^quota\\.\""
      labels = ["message"]
    }
    breaker = {
      name   = "a breaker holds new runners back"
      filter = "jsonPayload.decision=\"breaker_open\" AND NOT jsonPayload.reason=~\"^(github|boot|quota)\\.\""
      labels = ["reason"]
    }
    webhook_silent = {
      name   = "the webhook brings no jobs, and the sweep finds them"
      filter = "jsonPayload.decision=\"webhook_silent\""
      labels = ["message"]
    }
    runner_version = {
      name   = "a runner version ends within ten days"
      filter = "jsonPayload.decision=\"runner_version_ends\" AND jsonPayload.days_left<=10"
      labels = ["message"]
    }
    broken = {
      name   = "a function cannot work with its configuration, or a delivery failed"
      filter = "jsonPayload.decision=\"failed\" AND severity>=ERROR"
      labels = ["message"]
    }
  }

  # A slow sweep is silent for longer.
  sweep_silence_minutes = max(module.fields.monitoring.sweep_silence_minutes, 3 * local.sweep_minutes)

  alerts_url = "https://console.cloud.google.com/logs/query?project=${var.project}"

  # Where a label is not extracted, its line is left out.
  alert_lines = {
    message = "$${log.extracted_label.message}"
    reason  = "Reason: `$${log.extracted_label.reason}`."
    job     = "Job `$${log.extracted_label.job}`: $${log.extracted_label.url}\n\nWhy it waits: `npx slipway why $${log.extracted_label.job}`, or ${local.urls["api"]}/explain?job=$${log.extracted_label.job}"
  }
  alert_content = {
    for key, alert in local.log_alerts : key => join("\n\n", concat(
      ["${title(substr(alert.name, 0, 1))}${substr(alert.name, 1, -1)}."],
      [for label in alert.labels : local.alert_lines[label == "oldest" ? "job" : label]],
      ["What to do: docs/operate.md, section `${key}`. Log: ${local.alerts_url}"],
    ))
  }
}

resource "google_monitoring_alert_policy" "log" {
  for_each = { for key, alert in local.log_alerts : key => alert if module.fields.monitoring.alerts && !contains(module.fields.monitoring.without, key) }

  project               = var.project
  display_name          = "Slipway (${var.deployment}): ${each.value.name}"
  combiner              = "OR"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = each.value.name
    condition_matched_log {
      filter           = "${local.log_source} AND ${each.value.filter}"
      label_extractors = merge([for label in each.value.labels : local.alert_labels[label]]...)
    }
  }

  # At most one notification in five minutes, because a burst of jobs has one cause.
  alert_strategy {
    notification_rate_limit {
      period = "300s"
    }
    auto_close = "3600s"
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "Slipway (${var.deployment}): ${each.value.name}"
    content   = local.alert_content[each.key]
  }

  depends_on = [google_project_service.required]
}

# Counts requests that were answered 2xx. Cloud Run counts them, because a sweep that is never called cannot log.
# A sweep that came to its end is answered 200; 202 says that another one holds the lock, also one that has died.
resource "google_monitoring_alert_policy" "sweep_silent" {
  count = module.fields.monitoring.alerts && !contains(module.fields.monitoring.without, "sweep_silent") ? 1 : 0

  project               = var.project
  display_name          = "Slipway (${var.deployment}): no sweep for ${local.sweep_silence_minutes} minutes"
  combiner              = "OR"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "no request to sweep was answered 200"
    condition_absent {
      filter   = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${local.function_names["sweep"]}\" AND metric.type=\"run.googleapis.com/request_count\" AND metric.labels.response_code=\"200\""
      duration = "${local.sweep_silence_minutes * 60}s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "3600s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Lost webhooks and left-over VMs are not found while the sweep is silent. What to do: docs/operate.md, section `sweep_silent`. Log: ${local.alerts_url}"
  }

  depends_on = [google_project_service.required]
}

locals {
  # 503 is how provision and stop ask the queue to call again later, and is no fault of theirs.
  errors_5xx = {
    "5xx answers"                                = "resource.labels.service_name=monitoring.regex.full_match(\"${var.deployment}-(webhook|sweep|api)\") AND metric.labels.response_code_class=\"5xx\""
    "5xx answers other than \"try again\" (503)" = "resource.labels.service_name=monitoring.regex.full_match(\"${var.deployment}-(provision|stop)\") AND metric.labels.response_code=monitoring.regex.full_match(\"50[0124]\")"
  }
}

# Counted by Cloud Run, because a function that crashes or cannot start logs nothing.
resource "google_monitoring_alert_policy" "errors" {
  count = module.fields.monitoring.alerts && !contains(module.fields.monitoring.without, "errors") ? 1 : 0

  project               = var.project
  display_name          = "Slipway (${var.deployment}): a function answers 5xx"
  combiner              = "OR"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  dynamic "conditions" {
    for_each = local.errors_5xx
    content {
      display_name = conditions.key
      condition_threshold {
        filter          = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/request_count\" AND ${conditions.value}"
        comparison      = "COMPARISON_GT"
        threshold_value = 2
        duration        = "0s"
        aggregations {
          alignment_period     = "300s"
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
          group_by_fields      = ["resource.label.service_name"]
        }
        trigger {
          count = 1
        }
      }
    }
  }

  alert_strategy {
    auto_close = "3600s"
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "Slipway (${var.deployment}): a function answers 5xx"
    content   = "`$${resource.label.service_name}` answered more than two requests in five minutes with 5xx. What to do: docs/operate.md, section `errors`. Log: ${local.alerts_url}"
  }

  depends_on = [google_project_service.required]
}
