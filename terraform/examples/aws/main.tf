# Runners on both clouds: jobs for arm64 get a VM of Compute Engine, jobs for x64 an instance of EC2 in the account's default VPC.
module "slipway" {
  source = "../.."

  project       = var.project
  region        = var.region
  github_app_id = var.github_app_id
  aws_role_arn  = module.aws.role_arn

  pools = <<-YAML
    pools:
      - name: arm
        repo: acme/app
        requires: [self-hosted, linux, arm64]
        maxRunners: 20
        provider:
          type: gce
          template: runner-arm64
          region: ${var.region}
          zones: [${var.region}-a, ${var.region}-b]
          machineTypes: [c4a-standard-4]
          spot: prefer
      - name: linux-ec2
        repo: acme/app
        requires: [self-hosted, linux, x64]
        maxRunners: 20
        provider:
          type: ec2
          region: ${var.aws_region}
          launchTemplate: slipway-x64
          subnets: ${jsonencode(data.aws_subnets.default.ids)} # known when Terraform plans, as all of the pools has to be
          instanceTypes: [m7i.xlarge, m7a.xlarge] # the second when the first has no capacity
          spot: prefer                            # then standard
  YAML
}

module "aws" {
  source = "../../aws"

  subjects = module.slipway.aws_subjects
  subnets  = data.aws_subnets.default.ids
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}
