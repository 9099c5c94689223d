locals {
  # One chart for each row: title, metric, aligner, and the labels that distinguish its series.
  charts = [
    { title = "Queued to running, seconds (99 %)", metric = "queued_to_running", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = "pool" },
    { title = "Queued to running, seconds (50 %)", metric = "queued_to_running", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_50", by = "pool" },
    { title = "Queued to VM requested, seconds (99 %)", metric = "queued_to_created", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = "pool" },
    { title = "Oldest waiting job, seconds", metric = "oldest_waiting", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = "pool" },
    { title = "Jobs that no pool takes", metric = "unserved_jobs", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = "verdict" },
    { title = "VMs created", metric = "vms_created", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = "zone" },
    { title = "Decisions", metric = "decisions", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = "decision" },
    { title = "Why deliveries and jobs were not served", metric = "decisions", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = "reason" },
    { title = "Failures by class", metric = "failures", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = "reason" },
    { title = "Dead letters", metric = "dead_letters", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = "reason" },
    { title = "Sweep: repairs by reason", metric = "sweep_repairs", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = "reason" },
  ]

  chart_widgets = [
    for chart in local.charts : {
      title = chart.title
      xyChart = {
        dataSets = [{
          plotType = "LINE"
          timeSeriesQuery = {
            timeSeriesFilter = {
              filter = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${var.deployment}/${chart.metric}\""
              aggregation = {
                alignmentPeriod    = "300s"
                perSeriesAligner   = chart.aligner
                crossSeriesReducer = chart.reducer
                groupByFields      = ["metric.label.${chart.by}"]
              }
            }
          }
        }]
      }
    }
  ]

  queue_widget = {
    title = "Tasks in the queues"
    xyChart = {
      dataSets = [{
        plotType = "LINE"
        timeSeriesQuery = {
          timeSeriesFilter = {
            filter = "resource.type=\"cloud_tasks_queue\" AND resource.labels.queue_id=monitoring.regex.full_match(\"${var.deployment}-(${join("|", keys(local.queues))})-${local.suffix}\") AND metric.type=\"cloudtasks.googleapis.com/queue/depth\""
            aggregation = {
              alignmentPeriod    = "60s"
              perSeriesAligner   = "ALIGN_MAX"
              crossSeriesReducer = "REDUCE_MAX"
              groupByFields      = ["resource.label.queue_id"]
            }
          }
        }
      }]
    }
  }

  logs_widget = {
    title = "What went wrong"
    logsPanel = {
      filter        = "${local.log_source}\nseverity>=WARNING"
      resourceNames = ["projects/${var.project}"]
    }
  }
}

resource "google_monitoring_dashboard" "slipway" {
  count = module.fields.monitoring.dashboard ? 1 : 0

  project = var.project
  dashboard_json = jsonencode({
    displayName = "Slipway (${var.deployment})"
    labels      = local.labels
    gridLayout = {
      columns = "2"
      widgets = concat(local.chart_widgets, [local.queue_widget, local.logs_widget])
    }
  })

  depends_on = [google_logging_metric.metric]
}
