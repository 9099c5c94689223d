# Launch templates. The functions take everything from a template except user data, tags, subnet, and instance type and spot if the pool sets them.
locals {
  # The fields of launch_templates, and what they are where one leaves them out. variables.tf refuses others.
  launch_template_defaults = {
    architecture  = "x64"
    image         = null # the newest Ubuntu of the architecture
    instance_type = null # that of the architecture below
    disk_gb       = 50
  }

  launch_templates = { for name, template in var.launch_templates : name => merge(local.launch_template_defaults, template) }

  # Canonical publishes the id of its newest image. https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
  ubuntu = {
    x64   = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    arm64 = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
  }
  ami_architectures = { x64 = "x86_64", arm64 = "arm64" }
  instance_types    = { x64 = "m7i.large", arm64 = "m7g.large" }

  images = {
    for name, template in local.launch_templates :
    name => template.image != null ? template.image : data.aws_ssm_parameter.ubuntu[template.architecture].insecure_value
  }
}

data "aws_ssm_parameter" "ubuntu" {
  for_each = toset([for template in values(local.launch_templates) : template.architecture if template.image == null])

  name = local.ubuntu[each.key]
}

# For the name of its root device: under another name EC2 would add a second disk.
data "aws_ami" "runner" {
  for_each = local.launch_templates

  filter {
    name   = "image-id"
    values = [local.images[each.key]]
  }

  lifecycle {
    postcondition {
      condition     = each.value.image == null || self.architecture == local.ami_architectures[each.value.architecture]
      error_message = "Found the image ${local.images[each.key]} for ${self.architecture}, expected one for ${local.ami_architectures[each.value.architecture]}, as the launch template ${each.key} says."
    }
  }
}

resource "aws_launch_template" "runner" {
  for_each = local.launch_templates

  name                   = "${var.deployment}-${each.key}"
  description            = "Slipway runner (${var.deployment})"
  update_default_version = true # pools take the default version
  image_id               = local.images[each.key]
  instance_type          = coalesce(each.value.instance_type, local.instance_types[each.value.architecture])
  tags                   = local.tags

  # What powers itself off is deleted: EC2 has no other bound of an instance's life.
  instance_initiated_shutdown_behavior = "terminate"

  # Not in a network interface of the template: the functions give the subnet, and EC2 takes only one of the two.
  vpc_security_group_ids = [aws_security_group.runners.id]

  # No instance profile, so no credentials on the instance: any step of a job could take them.

  # One hop: the answer does not reach containers, which are a hop further.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    device_name = data.aws_ami.runner[each.key].root_device_name

    ebs {
      volume_size           = each.value.disk_gb
      volume_type           = "gp3"
      encrypted             = true
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "volume"]
    content {
      resource_type = tag_specifications.value
      tags          = local.tags
    }
  }
}
