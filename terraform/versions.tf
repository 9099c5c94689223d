# No provider block: every resource names its project and place itself, so the folder can be applied directly, and can also be
# called as a module. Credentials come from the environment (`gcloud auth application-default login`).
terraform {
  # 1.11 is the first version with write-only arguments, see secrets.tf.
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.6"
    }
  }
}
