variable "vpc_connector" {
  description = <<-TEXT
    Connector of Serverless VPC Access through which the functions reach a private network, e.g. with a GitHub Enterprise Server. Null: none.
    A connector runs all the time, and costs about as much as two small VMs.

    - `name`: projects/P/locations/L/connectors/C, in the functions' region.
    - `egress`: PRIVATE_RANGES_ONLY (default), or ALL_TRAFFIC, which then also needs Cloud NAT for github.com and Private Google Access.
  TEXT
  type        = any # types and defaults: fields/settings.tf
  default     = null

  validation {
    condition     = var.vpc_connector == null || can(regex("^projects/[^/]+/locations/${var.region}/connectors/[a-z][a-z0-9-]*$", var.vpc_connector.name))
    error_message = "Expected vpc_connector.name as projects/P/locations/${var.region}/connectors/C: a connector serves the functions of its own region."
  }

  validation {
    condition     = contains(["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"], try(coalesce(var.vpc_connector.egress), "ALL_TRAFFIC"))
    error_message = "Expected vpc_connector.egress of PRIVATE_RANGES_ONLY or ALL_TRAFFIC."
  }
}

variable "ca_certificates" {
  description = "Certificates of authorities that functions and runners trust beside the usual ones, as PEM: of a GitHub Enterprise Server with a certificate of its own, or of a proxy that looks into TLS. They are public, and in the state. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.ca_certificates == null || can(regex("-----BEGIN CERTIFICATE-----", var.ca_certificates)) && !can(regex("PRIVATE KEY", var.ca_certificates))
    error_message = "Expected certificates as PEM, from -----BEGIN CERTIFICATE----- on, without a private key."
  }

  validation {
    condition     = length(try(coalesce(var.ca_certificates, ""), "")) <= 60000
    error_message = "Expected at most 60,000 bytes of certificates: Secret Manager takes 64 KiB."
  }
}

variable "proxy" {
  description = <<-TEXT
    Proxy for what leaves Google Cloud. Null: none.

    - `url`: http://HOST:PORT. Without a password: it would be in the state and in the VMs' metadata.
    - `no_proxy`: names and addresses that are reached without it, beside Google's own.
    - `functions`, `runners`: default true. The functions reach a proxy in a private network by `vpc_connector`.
  TEXT
  type        = any # types and defaults: fields/settings.tf
  default     = null

  validation {
    condition     = var.proxy == null || can(regex("^https?://[A-Za-z0-9.-]+:[0-9]{1,5}$", var.proxy.url))
    error_message = "Expected proxy.url such as http://proxy.example.com:3128, without a path, a user or a password."
  }

  validation {
    condition     = alltrue([for name in(try(var.proxy.no_proxy, null) == null ? [] : var.proxy.no_proxy) : can(regex("^[A-Za-z0-9.:*/_-]+$", name))])
    error_message = "Expected names in proxy.no_proxy such as github.example.com or .example.com, without commas."
  }
}
