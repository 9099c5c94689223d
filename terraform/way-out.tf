# How the functions reach a GitHub Enterprise Server in a private network, and what is behind certificates or a proxy of one's own. The runners'
# side is in machines.tf.
locals {
  ca_file = { folder = "/etc/ca-certificates", file = "ca.pem" }

  functions_proxy = try(module.fields.proxy.functions, false) ? module.fields.proxy.url : null
  # Google's own addresses: the functions reach them without a way out of Google Cloud.
  never_by_proxy = ["localhost", "127.0.0.1", "169.254.169.254", "metadata.google.internal", ".googleapis.com", ".run.app"]
}

# Node reads certificates from a file. They are no secret, but Secret Manager is what Cloud Run mounts as a file.
resource "google_secret_manager_secret" "ca_certificates" {
  count = var.ca_certificates == null ? 0 : 1

  project   = var.project
  secret_id = "${var.deployment}-ca-certificates"
  labels    = local.labels

  replication {
    auto {
      dynamic "customer_managed_encryption" {
        for_each = compact([module.fields.kms_keys.secrets])
        content {
          kms_key_name = customer_managed_encryption.value
        }
      }
    }
  }

  depends_on = [google_project_service.required]
}

resource "google_secret_manager_secret_version" "ca_certificates" {
  count = var.ca_certificates == null ? 0 : 1

  secret          = google_secret_manager_secret.ca_certificates[0].id
  secret_data     = var.ca_certificates
  deletion_policy = "ABANDON"
}

resource "google_secret_manager_secret_iam_member" "mount_ca_certificates" {
  for_each = { for name in keys(local.functions) : name => name if var.ca_certificates != null }

  project   = var.project
  secret_id = google_secret_manager_secret.ca_certificates[0].secret_id
  role      = "roles/secretmanager.secretAccessor" # the role that Cloud Run asks for when it deploys a secret volume
  member    = google_service_account.function[each.key].member
}

# Subnetworks of a shared VPC, in which the functions create VMs. A custom role holds in the project in which it was made, so it is Google's.
locals {
  shared_subnetwork = "projects/([^/]+)/regions/([^/]+)/subnetworks/([^/]+)$"
  shared_subnetworks = {
    for subnetwork in distinct([
      for template in values(local.runner_templates) : template.subnetwork != null ? template.subnetwork : local.subnetworks[template.region]
    ]) : try(join("/", regex(local.shared_subnetwork, subnetwork)), "") => try(regex(local.shared_subnetwork, subnetwork), [])... if try(regex(local.shared_subnetwork, subnetwork)[0] != var.project, false)
  }
  subnetwork_users = merge([
    for function in local.creators : {
      for key, subnetworks in local.shared_subnetworks : "${function}/${key}" => {
        function = function
        project  = subnetworks[0][0]
        region   = subnetworks[0][1]
        name     = subnetworks[0][2]
      }
    }
  ]...)
}

resource "google_compute_subnetwork_iam_member" "function" {
  for_each = var.grant_on_subnetworks ? local.subnetwork_users : {}

  project    = each.value.project
  region     = each.value.region
  subnetwork = each.value.name
  role       = "roles/compute.networkUser"
  member     = google_service_account.function[each.value.function].member
}
