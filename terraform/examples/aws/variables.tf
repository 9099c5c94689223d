variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the functions, and of the runners on Google Cloud."
  type        = string
  default     = "us-central1"
}

variable "aws_region" {
  description = "Region of the runners on EC2."
  type        = string
  default     = "us-east-1"
}

variable "github_app_id" {
  description = "App ID of a GitHub App that exists already. Null: the page /setup makes one."
  type        = string
  default     = null
}
