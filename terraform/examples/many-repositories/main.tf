# An organisation: small and large runners for most of its repositories, with other limits for one of them, warm runners in working hours,
# and alerts by e-mail.
module "slipway" {
  source = "../.."

  project       = var.project
  region        = var.region
  github_app_id = var.github_app_id
  pools         = file("${path.module}/pools.yaml")

  # Templates that the pools share.
  runner_templates = {
    runner-small = { machine_type = "e2-standard-4" }
    runner-large = { machine_type = "n2-standard-16", disk_gb = 200, disk_type = "pd-ssd" }
  }

  # A warm instance of webhook spares a burst of jobs the cold start.
  functions             = { webhook = { min_instances = 1 } }
  labels                = { team = "build" }
  monitoring            = { job_wait_minutes = 5 }
  notification_channels = [google_monitoring_notification_channel.mail.id]
}

resource "google_monitoring_notification_channel" "mail" {
  project      = var.project
  display_name = "Runners"
  type         = "email"
  labels       = { email_address = var.mail }
}
