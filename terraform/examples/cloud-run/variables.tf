variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the functions and runners."
  type        = string
  default     = "us-central1"
}

variable "github_app_id" {
  description = "App ID of the GitHub App."
  type        = string
}
