# No provider block, as in the main module: credentials and region come from the environment (`AWS_PROFILE`, `AWS_REGION`), or from whoever
# calls the folder as a module. One call is for one region.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
  }
}
