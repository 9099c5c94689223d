locals {
  # In whole minutes; below a minute the sweep itself plans the runs in between. Minutes that do not divide an hour make the last interval of each hour shorter.
  sweep_minutes = ceil(var.sweep_interval_seconds / 60)
  sweep_schedule = coalesce(
    var.sweep_schedule,
    local.sweep_minutes == 1 ? "* * * * *" : local.sweep_minutes == 60 ? "0 * * * *" : "*/${local.sweep_minutes} * * * *",
  )
}

# Calls sweep. Without retries, because the next call is a retry; a lease keeps two sweeps apart.
resource "google_cloud_scheduler_job" "sweep" {
  project     = var.project
  region      = coalesce(var.scheduler_region, var.region)
  name        = "${var.deployment}-sweep"
  description = "Slipway sweep (${var.deployment})"
  schedule    = local.sweep_schedule
  time_zone   = "Etc/UTC"
  # Longer than the function's own time-out, so that the function's time-out applies.
  attempt_deadline = "${module.fields.functions.sweep.timeout_seconds + 20}s"

  retry_config {
    retry_count = 0
  }

  http_target {
    uri         = local.urls["sweep"]
    http_method = "POST"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    # The default audience would be the target with its path, which Cloud Run refuses.
    oidc_token {
      service_account_email = google_service_account.tasks.email
      audience              = local.urls["sweep"]
    }
  }

  depends_on = [google_cloud_run_service_iam_member.invoker]
}
