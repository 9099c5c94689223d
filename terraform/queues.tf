# The queues between the functions. Each has a limit of attempts; at the last attempt the function writes a dead letter and
# answers 200, because Cloud Tasks has no dead-letter queue: it deletes the task.
locals {
  # Each owner of repositories has one of the provision queues, and an installation of each App: the rate of a queue is GitHub's limit for one
  # installation, times the number of Apps.
  apps             = 1 + length(module.fields.github_apps)
  provision_queues = [for number in range(1, var.provision_queues + 1) : number == 1 ? "provision" : "provision-${number}"]

  # The queue stop also carries events of started jobs to provision, which send no request to GitHub.
  queues = merge(
    {
      for name in local.provision_queues :
      # Three times 2.85 is 8.5499… to Terraform, and 8.55 in its state: every plan would show a change.
      name => { per_second = tonumber(format("%.6g", local.apps * module.fields.provision_rate.per_second)), concurrent = local.apps * module.fields.provision_rate.concurrent }
    },
    {
      stop = { per_second = 30, concurrent = 60 }
    },
  )

  # The queues that send to each function, and how many tasks they send at once in total.
  senders = { provision = concat(local.provision_queues, ["stop"]), stop = ["stop"] }
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
