# Alerts on single log lines: they need no existing metric, and the incident shows the line with the job's URL.
# docs/operate.md explains each alert and what to do.
locals {
  log_alerts = {
    job_waits = {
      name   = "a job waited longer than ${var.monitoring.job_wait_minutes} minutes"
      filter = "jsonPayload.decision=\"started\" AND jsonPayload.jobAgeSeconds>${var.monitoring.job_wait_minutes * 60}"
    }
    dead_letter = {
      name   = "a task was given up"
      filter = "jsonPayload.decision=\"dead_letter\""
    }
    github_limit = {
      name   = "GitHub's limit is near or reached"
      filter = "(jsonPayload.decision=\"github_limit_near\" OR (jsonPayload.decision=\"breaker_open\" AND jsonPayload.reason=~\"^github\\.\"))"
    }
    boot_failure = {
      name   = "runners do not come up"
      filter = "jsonPayload.decision=\"breaker_open\" AND jsonPayload.reason=~\"^boot\\.\""
    }
    quota = {
      name   = "a quota of Compute Engine is used up"
      filter = "jsonPayload.decision=\"breaker_open\" AND jsonPayload.reason=~\"^quota\\.\""
    }
    broken = {
      name   = "a function cannot work with its configuration, or a delivery failed"
      filter = "jsonPayload.decision=\"failed\" AND severity>=ERROR"
    }
  }

  # A slow sweep is silent for longer.
  sweep_silence_minutes = max(var.monitoring.sweep_silence_minutes, 3 * local.sweep_minutes)

  alerts_url = "https://console.cloud.google.com/logs/query?project=${var.project}"
}

resource "google_monitoring_alert_policy" "log" {
  for_each = { for key, alert in local.log_alerts : key => alert if var.monitoring.alerts && !contains(var.monitoring.without, key) }

  project               = var.project
  display_name          = "Slipway (${var.deployment}): ${each.value.name}"
  combiner              = "OR"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = each.value.name
    condition_matched_log {
      filter = "${local.log_source} AND ${each.value.filter}"
      label_extractors = {
        job    = "EXTRACT(jsonPayload.job)"
        pool   = "EXTRACT(jsonPayload.pool)"
        reason = "EXTRACT(jsonPayload.reason)"
        url    = "EXTRACT(jsonPayload.url)"
      }
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
    content   = "Job `$${log.extracted_label.job}` of pool `$${log.extracted_label.pool}`, reason `$${log.extracted_label.reason}`, $${log.extracted_label.url}\n\nWhat to do: docs/operate.md, section `${each.key}`. Log: ${local.alerts_url}"
  }

  depends_on = [google_project_service.required]
}

# Counts requests that were answered 2xx. Cloud Run counts them, because a sweep that is never called cannot log.
resource "google_monitoring_alert_policy" "sweep_silent" {
  count = var.monitoring.alerts && !contains(var.monitoring.without, "sweep_silent") ? 1 : 0

  project               = var.project
  display_name          = "Slipway (${var.deployment}): no sweep for ${local.sweep_silence_minutes} minutes"
  combiner              = "OR"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "no request to sweep was answered 2xx"
    condition_absent {
      filter   = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${local.function_names["sweep"]}\" AND metric.type=\"run.googleapis.com/request_count\" AND metric.labels.response_code_class=\"2xx\""
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
