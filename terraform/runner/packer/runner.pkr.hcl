# An image with the unpacked and warmed-up runner, its user, nftables and, if wanted, Docker, so that a VM downloads nothing at boot.
#
#   packer init . && packer build -var project=my-project .
#
# It runs ../startup.sh --bake on the VM that it builds from, so that the image has what the script would have installed; the VM's
# startup script then finds it there. Build anew at least monthly: GitHub refuses a runner 30 days after a newer release.

packer {
  required_version = ">= 1.9"
  required_plugins {
    googlecompute = {
      source  = "github.com/hashicorp/googlecompute"
      version = "= 1.1.6"
    }
  }
}

variable "project" {
  type        = string
  description = "Google Cloud project of the image and of the VM that builds it."
}

variable "zone" {
  type        = string
  default     = "us-central1-a"
  description = "Zone of the VM that builds the image."
}

variable "architecture" {
  type        = string
  default     = "x64"
  description = "x64 or arm64."
  validation {
    condition     = contains(["x64", "arm64"], var.architecture)
    error_message = "Expected x64 or arm64."
  }
}

variable "machine_type" {
  type        = string
  default     = null
  description = "Machine type of the VM that builds the image; one of the architecture by default."
}

variable "source_image_family" {
  type        = string
  default     = null
  description = "Image family of debian-cloud or ubuntu-os-cloud to start from; Debian 12 by default."
}

variable "image_family" {
  type        = string
  default     = null
  description = "Family of the new image, which instance templates name; slipway-runner-<architecture> by default."
}

variable "runner_version" {
  type        = string
  default     = ""
  description = "Version of the actions runner; the one pinned in startup.sh by default."
}

variable "runner_sha256" {
  type        = string
  default     = ""
  description = "SHA-256 of its Linux package for the architecture: required with another version than the pinned one."
}

variable "docker" {
  type        = bool
  default     = false
  description = "Whether the image has Docker, and the runner's user may use it."
}

variable "slim" {
  type        = bool
  default     = true
  description = "Whether snap, cloud-init, unattended upgrades and apt's timers are left out, which cost time at each boot."
}

variable "disk_gb" {
  type        = number
  default     = 20
  description = "Size of the image's disk."
}

variable "subnetwork" {
  type        = string
  default     = null
  description = "Subnetwork of the VM that builds the image; the default network without."
}

locals {
  arm64 = var.architecture == "arm64"
}

source "googlecompute" "runner" {
  project_id              = var.project
  zone                    = var.zone
  machine_type            = coalesce(var.machine_type, local.arm64 ? "t2a-standard-2" : "e2-standard-2")
  subnetwork              = var.subnetwork
  source_image_family     = coalesce(var.source_image_family, local.arm64 ? "debian-12-arm64" : "debian-12")
  source_image_project_id = ["debian-cloud", "ubuntu-os-cloud"]
  image_name              = "slipway-runner-${var.architecture}-{{timestamp}}"
  image_family            = coalesce(var.image_family, "slipway-runner-${var.architecture}")
  image_description       = "Slipway: GitHub Actions runner, ${var.architecture}"
  disk_size               = var.disk_gb
  ssh_username            = "packer"

  # The VM that builds needs no rights in the project.
  disable_default_service_account = true

  # What the script reads on every VM.
  metadata = {
    block-project-ssh-keys                      = "true"
    slipway-runner-version                      = var.runner_version
    "slipway-runner-sha256-${var.architecture}" = var.runner_sha256
    slipway-docker                              = tostring(var.docker)
  }
}

build {
  sources = ["source.googlecompute.runner"]

  provisioner "file" {
    source      = "${path.root}/../startup.sh"
    destination = "/tmp/slipway-startup.sh"
  }

  provisioner "file" {
    source      = "${path.root}/slim.sh"
    destination = "/tmp/slipway-slim.sh"
  }

  provisioner "shell" {
    inline = [
      "sudo bash /tmp/slipway-startup.sh --bake",
      var.slim ? "sudo bash /tmp/slipway-slim.sh" : "sudo apt-get clean",
      "rm /tmp/slipway-startup.sh /tmp/slipway-slim.sh",
    ]
  }
}
