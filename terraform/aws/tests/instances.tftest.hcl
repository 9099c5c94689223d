# What an instance is, and where.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-0123456789abcdef0" }
  }
  mock_data "aws_ami" {
    defaults = { root_device_name = "/dev/sda1", architecture = "arm64" }
  }
}

variables {
  subjects         = { provision = "100000000000000000001" }
  launch_templates = { x64 = {}, arm64 = { architecture = "arm64", image = "ami-0aaaaaaaaaaaaaaa1", disk_gb = 100 } }
}

run "templates" {
  assert {
    condition     = output.launch_templates == { x64 = "slipway-x64", arm64 = "slipway-arm64" }
    error_message = "named after the deployment"
  }

  assert {
    condition = { for name, template in aws_launch_template.runner : name => [template.image_id, template.instance_type, tostring(template.block_device_mappings[0].ebs[0].volume_size)] } == {
      x64   = ["ami-0123456789abcdef0", "m7i.large", "50"]
      arm64 = ["ami-0aaaaaaaaaaaaaaa1", "m7g.large", "100"]
    }
    error_message = "Ubuntu, or the image that is given"
  }

  assert {
    condition = alltrue([
      for template in aws_launch_template.runner :
      template.instance_initiated_shutdown_behavior == "terminate" && template.update_default_version &&
      length(template.iam_instance_profile) == 0 && length(template.network_interfaces) == 0 && template.key_name == null && template.user_data == null
    ])
    error_message = "what is off is deleted; no credentials, no key, no network interface that a subnet in the request would contradict"
  }

  assert {
    condition = alltrue([
      for template in aws_launch_template.runner :
      template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1 &&
      template.metadata_options[0].instance_metadata_tags == "enabled"
    ])
    error_message = "IMDSv2 alone, and not from containers"
  }

  assert {
    condition = alltrue([
      for template in aws_launch_template.runner :
      tobool(template.block_device_mappings[0].ebs[0].encrypted) && tobool(template.block_device_mappings[0].ebs[0].delete_on_termination) &&
      template.block_device_mappings[0].device_name == "/dev/sda1"
    ])
    error_message = "an encrypted disk, which goes with the instance, in place of the image's"
  }

  assert {
    condition = alltrue([
      for template in aws_launch_template.runner : alltrue([for specification in template.tag_specifications : specification.tags["slipway-deployment"] == "slipway"])
    ])
    error_message = "instances and disks are tagged"
  }
}

run "an_image_of_another_architecture" {
  command = plan
  variables {
    launch_templates = { x64 = { image = "ami-0aaaaaaaaaaaaaaa1" } }
  }
  expect_failures = [data.aws_ami.runner["x64"]]
}

run "a_vpc_of_its_own" {
  assert {
    condition     = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block } == { eu-central-1a = "10.20.0.0/20", eu-central-1b = "10.20.16.0/20", eu-central-1c = "10.20.32.0/20" }
    error_message = "a subnet in each zone"
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch]) && aws_route.out[0].gateway_id == aws_internet_gateway.runners[0].id
    error_message = "with a way out"
  }

  assert {
    condition     = toset(output.subnets) == toset([for subnet in aws_subnet.public : subnet.id]) && toset(yamldecode(output.providers["x64"]).provider.subnets) == toset(output.subnets)
    error_message = "what a pool has to say is an output"
  }
}

run "subnets_that_are_there" {
  variables {
    subnets = ["subnet-0123456789abcdef0"]
  }

  override_data {
    target = data.aws_subnet.given
    values = { vpc_id = "vpc-0123456789abcdef0" }
  }

  assert {
    condition     = length(aws_vpc.runners) + length(aws_subnet.public) + length(aws_internet_gateway.runners) + length(aws_route.out) == 0
    error_message = "no network is made"
  }

  assert {
    condition     = aws_security_group.runners.vpc_id == "vpc-0123456789abcdef0" && output.subnets == tolist(["subnet-0123456789abcdef0"])
    error_message = "the security group is in their VPC"
  }
}

# Each mocked subnet has a random VPC.
run "subnets_of_two_vpcs" {
  command = plan
  variables {
    subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  }
  expect_failures = [check.subnets_of_one_vpc]
}

run "nothing_gets_in" {
  assert {
    condition = try(length(aws_security_group.runners.ingress), 0) == 0 && alltrue([
      for rule in aws_vpc_security_group_egress_rule.all : rule.ip_protocol == "-1" && rule.security_group_id == aws_security_group.runners.id
    ]) && length(aws_vpc_security_group_egress_rule.all) == 2
    error_message = "out, and nothing in"
  }
}

run "a_name_for_a_subnet" {
  command = plan
  variables {
    subnets = ["runners"]
  }
  expect_failures = [var.subnets]
}

run "no_subnet" {
  command = plan
  variables {
    subnets = []
  }
  expect_failures = [var.subnets]
}

run "addresses_for_too_few_instances" {
  command = plan
  variables {
    vpc_cidr = "10.20.0.0/28"
  }
  expect_failures = [var.vpc_cidr]
}

run "an_architecture_that_ec2_lacks" {
  command = plan
  variables {
    launch_templates = { x64 = { architecture = "amd64" } }
  }
  expect_failures = [var.launch_templates]
}

run "the_name_of_an_image" {
  command = plan
  variables {
    launch_templates = { x64 = { image = "ubuntu-24.04" } }
  }
  expect_failures = [var.launch_templates]
}

run "a_disk_below_the_image" {
  command = plan
  variables {
    launch_templates = { x64 = { disk_gb = 4 } }
  }
  expect_failures = [var.launch_templates]
}

run "a_tag_of_slipway" {
  command = plan
  variables {
    tags = { slipway-deployment = "other" }
  }
  expect_failures = [var.tags]
}
