# Metrics of the log lines. The functions write one line for each decision, with the fields of shared/logger.ts.
locals {
  # The log lines of this deployment's functions.
  log_source = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^${var.deployment}-(${join("|", keys(local.functions))})$\""

  # Only a word, else empty: a reason can also be a runner's name or a job's number, and each value creates a time series.
  word = "\"^([a-z]+(?:_[a-z]+)*)$\""

  metric_labels = {
    function = "EXTRACT(jsonPayload.function)"
    decision = "EXTRACT(jsonPayload.decision)"
    reason   = "REGEXP_EXTRACT(jsonPayload.reason, ${local.word})"
    pool     = "EXTRACT(jsonPayload.pool)"
    zone     = "EXTRACT(jsonPayload.zone)"
    verdict  = "EXTRACT(jsonPayload.verdict)"
    version  = "EXTRACT(jsonPayload.version)"
  }

  metrics = {
    decisions = {
      description = "Decisions, by function and reason."
      filter      = "jsonPayload.decision:*"
      labels      = ["function", "decision", "reason"]
      value       = null
    }
    failures = {
      description = "Attempts that failed, by class of failure."
      filter      = "jsonPayload.decision=(\"retry\" OR \"rung_failed\" OR \"failed\" OR \"dead_letter\")"
      labels      = ["function", "decision", "reason"]
      value       = null
    }
    dead_letters = {
      description = "Tasks that were given up."
      filter      = "jsonPayload.decision=\"dead_letter\""
      labels      = ["reason", "pool"]
      value       = null
    }
    vms_created = {
      description = "VMs that were made for jobs."
      filter      = "jsonPayload.decision=\"created\" AND jsonPayload.zone:*"
      labels      = ["pool", "zone"]
      value       = null
    }
    sweep_repairs = {
      description = "What the sweep put right, by decision."
      filter      = "jsonPayload.function=\"sweep\" AND jsonPayload.decision:*"
      labels      = ["decision", "reason"]
      value       = null
    }
    unserved_jobs = {
      description = "Jobs that ask for a label of a pool, and that no pool takes."
      filter      = "jsonPayload.decision=\"unserved\""
      labels      = ["verdict"]
      value       = null
    }
    runner_version_ends = {
      description = "Warnings that GitHub will give runners of a version no job any more."
      filter      = "jsonPayload.decision=\"runner_version_ends\""
      labels      = ["version"]
      value       = null
    }
    oldest_waiting = {
      description = "Seconds for which the oldest job of a pool has waited, at each sweep."
      filter      = "jsonPayload.decision=\"waiting\" AND jsonPayload.oldest_age_seconds>=0"
      labels      = ["pool"]
      value       = "EXTRACT(jsonPayload.oldest_age_seconds)"
    }
    queued_to_created = {
      description = "Seconds from a job's queueing to the request for its VM."
      filter      = "jsonPayload.decision=\"created\" AND jsonPayload.zone:* AND jsonPayload.jobAgeSeconds>=0"
      labels      = ["pool"]
      value       = "EXTRACT(jsonPayload.jobAgeSeconds)"
    }
    queued_to_running = {
      description = "Seconds from a job's queueing to its start."
      filter      = "jsonPayload.decision=\"started\" AND jsonPayload.jobAgeSeconds>=0"
      labels      = ["pool"]
      value       = "EXTRACT(jsonPayload.jobAgeSeconds)"
    }
  }
}

resource "google_logging_metric" "metric" {
  for_each = module.fields.monitoring.metrics ? local.metrics : {}

  project         = var.project
  name            = "${var.deployment}/${each.key}"
  description     = "Slipway (${var.deployment}): ${each.value.description}"
  filter          = "${local.log_source} AND ${each.value.filter}"
  value_extractor = each.value.value

  label_extractors = { for label in each.value.labels : label => local.metric_labels[label] }

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = each.value.value == null ? "INT64" : "DISTRIBUTION"
    unit         = each.value.value == null ? "1" : "s"
    display_name = "Slipway (${var.deployment}): ${replace(each.key, "_", " ")}"

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }

  # 1 s to about 18 hours, each bound 1.5 times the one before.
  dynamic "bucket_options" {
    for_each = each.value.value == null ? [] : [1]
    content {
      exponential_buckets {
        num_finite_buckets = 28
        growth_factor      = 1.5
        scale              = 1
      }
    }
  }

  depends_on = [google_project_service.required]
}

# What the startup script measures: one line on the serial console of each VM whose runner is connected (runner/src/boot-times.sh), which is
# in Cloud Logging where the VM has serial-port-logging-enable. The line names the VM, and so the deployment and the pool.
locals {
  boot_metrics = {
    boot_kernel_seconds   = { line = "boot", step = "kernel", description = "Seconds from a VM's kernel to user space." }
    boot_network_seconds  = { line = "boot", step = "network", description = "Seconds from a VM's kernel to its network." }
    boot_metadata_seconds = { line = "boot", step = "metadata", description = "Seconds from a VM's kernel to the first answer of the metadata server." }
    boot_runner_seconds   = { line = "boot", step = "runner", description = "Seconds from a VM's kernel to an installed runner." }
    boot_listener_seconds = { line = "boot", step = "listener", description = "Seconds from a VM's kernel to a runner that is connected to GitHub." }
    wake_seconds          = { line = "wake", step = "listener", description = "Seconds from a standby VM's JIT config to a runner that is connected to GitHub." }
  }
}

resource "google_logging_metric" "boot" {
  for_each = module.fields.monitoring.metrics ? local.boot_metrics : {}

  project         = var.project
  name            = "${var.deployment}/${each.key}"
  description     = "Slipway (${var.deployment}): ${each.value.description}"
  filter          = "resource.type=\"gce_instance\" AND log_id(\"serialconsole.googleapis.com/serial_port_1_output\") AND textPayload=~\"^[0-9TZ:-]+ slipway: ${each.value.line}-seconds .* vm=${var.deployment}-\""
  value_extractor = "REGEXP_EXTRACT(textPayload, \" ${each.value.step}=([0-9.]+)\")"

  label_extractors = { pool = "REGEXP_EXTRACT(textPayload, \" vm=${var.deployment}-([a-z0-9-]+)-[a-z0-9]+-[0-9]+\")" }

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = "s"
    display_name = "Slipway (${var.deployment}): ${replace(each.key, "_", " ")}"
    labels {
      key        = "pool"
      value_type = "STRING"
    }
  }

  # 0.25 s to about an hour, each bound 1.4 times the one before.
  bucket_options {
    exponential_buckets {
      num_finite_buckets = 28
      growth_factor      = 1.4
      scale              = 0.25
    }
  }

  depends_on = [google_project_service.required]
}
