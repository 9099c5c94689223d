output "vms" {
  description = "The VMs, by name."
  value       = google_compute_instance.vm
}

output "disks" {
  description = "Their further disks, by VM and number."
  value       = google_compute_disk.disk
}
