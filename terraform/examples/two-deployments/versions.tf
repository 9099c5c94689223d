terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # Keep the state in a bucket, see docs/deploy.md:
  # backend "gcs" { bucket = "my-project-terraform-state" }
}
