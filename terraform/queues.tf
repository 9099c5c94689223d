# The two hops behind webhook. Every queue has a bound on attempts; at the last one the function writes a dead letter and
# answers 200, for Cloud Tasks has no dead-letter queue of its own: it deletes the task.
locals {
  # GitHub's limit is that of provision. stop also brings news of starts to provision, which ask nothing of GitHub.
  queues = {
    provision = var.provision_rate
    stop      = { per_second = 30, concurrent = 60 }
  }

  # The queues that send to each function, and what they send at once in all.
  senders = { provision = ["provision", "stop"], stop = ["stop"] }
  sent_to = { for function, queues in local.senders : function => sum([for queue in queues : local.queues[queue].concurrent]) }
}

resource "google_cloud_tasks_queue" "queue" {
  for_each = local.queues

  project  = var.project
  location = var.region
  name     = "${var.deployment}-${each.key}-${local.suffix}"

  rate_limits {
    max_dispatches_per_second = each.value.per_second
    max_concurrent_dispatches = each.value.concurrent
  }

  # 10 s, 20 s, 40 s, 80 s, 160 s, then 300 s each: 20 attempts span more than an hour of a GitHub outage. No
  # max_retry_duration: with both set, both have to be used up, and the last attempt could no longer be told.
  retry_config {
    max_attempts  = var.task_max_attempts
    min_backoff   = "10s"
    max_backoff   = "300s"
    max_doublings = 5
  }

  depends_on = [google_project_service.required]
}
