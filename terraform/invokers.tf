# Who may call which function. The role is Cloud Run's, on the service behind the function: roles/cloudfunctions.invoker
# opens no function of the second generation.
locals {
  # GitHub has no Google identity: webhook is open to all and checks the signature itself. The organisation policy "Domain restricted
  # sharing" (constraints/iam.allowedPolicyMemberDomains) refuses this grant. With invoker_iam_disabled there is none: Cloud Run's check is
  # switched off instead, which Google recommends. A function has no argument for that, so output next_steps has the command.
  # https://docs.cloud.google.com/run/docs/authenticating/public
  invokers = {
    for name, function in local.functions :
    name => function.public ? "allUsers" : google_service_account.tasks.member
    if function.public && !var.invoker_iam_disabled || contains(keys(local.queues), name) || function.schedule
  }
}

resource "google_cloud_run_service_iam_member" "invoker" {
  for_each = local.invokers

  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name # the service has the function's name
  role     = "roles/run.invoker"
  member   = each.value

  lifecycle {
    # A replaced function has a new service without this grant. The function's id changes only then, not on each deployment.
    replace_triggered_by = [google_cloudfunctions2_function.function[each.key].id]
  }
}

# People and scripts that may call api if it is not public.
resource "google_cloud_run_service_iam_member" "api_caller" {
  for_each = var.api_callers

  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.function["api"].name
  role     = "roles/run.invoker"
  member   = each.key

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.function["api"].id]
  }
}
