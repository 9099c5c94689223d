# Mistakes in functions, provision_rate and monitoring that their types do not catch, each with its field. Not validations of the variables, which
# have no defaults (fields.tf).
locals {
  alert_names = concat(keys(local.log_alerts), ["sweep_silent", "errors"])

  size_mistakes = flatten([
    for name, size in module.fields.functions : [
      for text in [
        size.concurrency < 1 || size.concurrency > 1000 ?
        ".concurrency: found ${size.concurrency}, expected 1 to 1000" : "",

        size.concurrency != 1 && !try(tonumber(size.cpu) >= 1, false) ?
        ".cpu: found ${size.cpu}, expected at least 1 where concurrency is above 1: Cloud Run refuses the deployment otherwise" : "",

        !can(regex("^[1-9][0-9]*(Mi|Gi)$", size.memory)) ?
        ".memory: found ${jsonencode(size.memory)}, expected one such as 512Mi or 1Gi" : "",

        size.min_instances < 0 || size.min_instances > coalesce(size.max_instances, 1000) ?
        ".min_instances: found ${size.min_instances}, expected 0 up to max_instances" : "",

        # GitHub's time-out of a delivery is 10 s, and that of a task's attempt is 300 s, which the code sets.
        contains(["provision", "stop"], name) && size.timeout_seconds >= 300 ?
        ".timeout_seconds: found ${size.timeout_seconds}, expected less than 300: an attempt has to end before Cloud Tasks begins the next one" : "",

        name == "sweep" && (size.timeout_seconds < var.sweep_budget_seconds + 30 || size.timeout_seconds > 1780) ?
        ".timeout_seconds: found ${size.timeout_seconds}, expected at least 30 above sweep_budget_seconds (${var.sweep_budget_seconds}), so that a sweep ends by itself, and at most 1780, since Cloud Scheduler waits for half an hour at most" : "",
      ] : "functions.${name}${text}" if text != ""
    ]
  ])

  # Where the key of each kind has to be. Multi-regions of Firestore have names of their own.
  # https://docs.cloud.google.com/firestore/native/docs/cmek and https://docs.cloud.google.com/secret-manager/docs/cmek
  kms_locations = {
    database = lookup({ nam5 = "us", eur3 = "europe" }, coalesce(var.firestore_location, var.region), coalesce(var.firestore_location, var.region))
    secrets  = "global"
    bucket   = var.region
  }
  key_mistakes = [
    for name, key in module.fields.kms_keys :
    "kms_keys.${name}: found ${jsonencode(key)}, expected projects/P/locations/${local.kms_locations[name]}/keyRings/R/cryptoKeys/K"
    if key != null && !can(regex("^projects/[^/]+/locations/${local.kms_locations[name]}/keyRings/[^/]+/cryptoKeys/[^/]+$", key))
  ]

  setting_mistakes = concat(local.size_mistakes, local.key_mistakes, [
    for text in [
      module.fields.provision_rate.per_second <= 0 || module.fields.provision_rate.per_second > 500 ?
      "provision_rate.per_second: found ${module.fields.provision_rate.per_second}, expected more than 0, at most 500" : "",

      module.fields.provision_rate.concurrent < 1 || module.fields.provision_rate.concurrent > 5000 ?
      "provision_rate.concurrent: found ${module.fields.provision_rate.concurrent}, expected 1 to 5000" : "",

      length(setsubtract(module.fields.monitoring.without, local.alert_names)) > 0 ?
      "monitoring.without: found ${join(", ", setsubtract(module.fields.monitoring.without, local.alert_names))}, expected names of alerts (${join(", ", local.alert_names)})" : "",

      module.fields.monitoring.dashboard && !module.fields.monitoring.metrics ?
      "monitoring.dashboard: found true without metrics, expected metrics too: the dashboard shows them" : "",

      module.fields.monitoring.job_wait_minutes <= 0 ?
      "monitoring.job_wait_minutes: found ${module.fields.monitoring.job_wait_minutes}, expected more than 0" : "",

      module.fields.monitoring.sweep_silence_minutes < 5 || module.fields.monitoring.sweep_silence_minutes > 1410 ?
      "monitoring.sweep_silence_minutes: found ${module.fields.monitoring.sweep_silence_minutes}, expected 5 to 1410" : "",
    ] : text if text != ""
  ])
}
