# Calls sweep. Without retries, because the call of the next minute is a retry; a lease keeps two sweeps apart.
resource "google_cloud_scheduler_job" "sweep" {
  project     = var.project
  region      = coalesce(var.scheduler_region, var.region)
  name        = "${var.deployment}-sweep"
  description = "Slipway sweep (${var.deployment})"
  schedule    = var.sweep_schedule
  time_zone   = "Etc/UTC"
  # Longer than the function's own time-out, so that the function's time-out applies.
  attempt_deadline = "${var.functions.sweep.timeout_seconds + 20}s"

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
