# Where resources were in earlier versions of this module, so that an upgrade renames them in the state and makes nothing anew.
# .ci/terraform-upgrade.mjs applies an earlier version and plans this one.
moved {
  from = google_compute_instance.persistent
  to   = module.persistent_vms.google_compute_instance.vm
}

moved {
  from = google_compute_instance.docker_host
  to   = module.docker_host_vms.google_compute_instance.vm
}

moved {
  from = google_secret_manager_secret.app_private_key
  to   = google_secret_manager_secret.app_private_key[0]
}

moved {
  from = google_secret_manager_secret_iam_member.webhook_secret
  to   = google_secret_manager_secret_iam_member.mount_secret["webhook_secret"]
}
