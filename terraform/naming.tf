# The names of deleted queues are blocked for up to seven days, those of deleted custom roles for up to 37. With a new suffix, an
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

  # provision, stop and sweep need their own URL (the OIDC audience that they check), and each function needs those of the others. Taken
  # from service_config[0].uri this would be a cycle. Cloud Run's other default URL is known in advance, the platform
  # accepts it as an audience, too, and Cloud Tasks can call it: so target and audience are the same string.
  # https://docs.cloud.google.com/run/docs/triggering/https-request#deterministic
  # This URL exists if "<service>-<project number>" has at most 63 characters; here it has at most 30 + 1 + 13.
  urls = {
    for name in keys(local.functions) :
    name => "https://${local.function_names[name]}-${data.google_project.this.number}.${var.region}.run.app"
  }
  function_names = { for name in keys(local.functions) : name => "${var.deployment}-${name}" }
}
