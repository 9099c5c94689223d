# The names of deleted queues are blocked for up to seven days, of deleted custom roles for up to 37: with a new suffix an
# apply after a destroy works at once.
resource "random_id" "suffix" {
  byte_length = 2
  keepers = {
    deployment = var.deployment
    region     = var.region
  }
}

locals {
  suffix = random_id.suffix.hex
  labels = merge(var.labels, { slipway-deployment = var.deployment })

  # provision, stop and sweep have to know their own URL (the OIDC audience that they check), and each function the others'. Taken
  # from service_config[0].uri that would be a cycle. Cloud Run's other default URL can be told beforehand, the platform
  # takes it as audience like the first one, and Cloud Tasks calls it: so target and audience are the same string.
  # https://docs.cloud.google.com/run/docs/triggering/https-request#deterministic
  # It exists when "<service>-<project number>" has at most 63 characters; here it has at most 30 + 1 + 13.
  urls = {
    for name in keys(local.functions) :
    name => "https://${local.function_names[name]}-${data.google_project.this.number}.${var.region}.run.app"
  }
  function_names = { for name in keys(local.functions) : name => "${var.deployment}-${name}" }
}
