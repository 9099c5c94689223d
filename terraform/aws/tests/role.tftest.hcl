# Who may assume the role, and what it allows. `terraform test` needs no cloud: the provider is mocked.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
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
    defaults = { names = ["eu-central-1a", "eu-central-1b"] }
  }
  mock_data "aws_subnet" {
    defaults = { vpc_id = "vpc-0123456789abcdef0" }
  }
  mock_resource "aws_launch_template" {
    defaults = { arn = "arn:aws:ec2:eu-central-1:123456789012:launch-template/lt-0123456789abcdef0" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
  }
}

variables {
  subjects = {
    provision = "100000000000000000001"
    stop      = "100000000000000000002"
    sweep     = "100000000000000000003"
    api       = "100000000000000000004"
  }
  subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
}

run "trust" {
  assert {
    condition = [for statement in data.aws_iam_policy_document.trust.statement : {
      actions    = statement.actions
      principals = [for principal in statement.principals : { type = principal.type, ids = principal.identifiers }]
      conditions = { for condition in statement.condition : condition.variable => { test = condition.test, values = toset(condition.values) } }
      }] == [{
      actions    = toset(["sts:AssumeRoleWithWebIdentity"])
      principals = [{ type = "Federated", ids = toset(["accounts.google.com"]) }]
      conditions = {
        "accounts.google.com:aud"  = { test = "StringEquals", values = toset(values(var.subjects)) }
        "accounts.google.com:sub"  = { test = "StringEquals", values = toset(values(var.subjects)) }
        "accounts.google.com:oaud" = { test = "StringEquals", values = toset(["slipway-slipway"]) }
      }
    }]
    error_message = "only these accounts, with tokens for this deployment, assume the role"
  }

  assert {
    condition     = aws_iam_role.functions.name == "slipway-ec2-eu-central-1" && aws_iam_role.functions.max_session_duration == 3600
    error_message = "a role for each region, for an hour"
  }
}

run "rights" {
  assert {
    condition = toset(flatten([
      for document in [data.aws_iam_policy_document.functions, data.aws_iam_policy_document.end_instances] : [for statement in document.statement : statement.actions]
      ])) == toset([
      "ec2:CreateTags", "ec2:DescribeInstances", "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeSubnets", "ec2:GetConsoleOutput",
      "ec2:RunInstances", "ec2:TerminateInstances",
    ])
    error_message = "what the functions call, and nothing else"
  }

  assert {
    condition = flatten([
      for document in [data.aws_iam_policy_document.end_instances, data.aws_iam_policy_document.functions] : [for statement in document.statement : statement.sid if contains(statement.resources, "*")]
    ]) == ["Look", "Check"]
    error_message = "only looking is for everything"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.functions.statement :
      anytrue([for condition in statement.condition : condition.variable == "ec2:LaunchTemplate" && toset(condition.values) == toset([aws_launch_template.runner["x64"].arn])])
      if contains(statement.actions, "ec2:RunInstances") && !contains(["UseTemplates", "RequestSpot"], statement.sid)
    ])
    error_message = "nothing is launched but from these templates"
  }

  assert {
    condition = { for condition in one([for statement in data.aws_iam_policy_document.functions.statement : statement if statement.sid == "LaunchInstances"]).condition : condition.variable => toset(condition.values) } == {
      "ec2:LaunchTemplate"                = toset([aws_launch_template.runner["x64"].arn])
      "aws:RequestTag/slipway-deployment" = toset(["slipway"])
      "ec2:InstanceType"                  = toset(var.instance_types)
      "ec2:MetadataHttpTokens"            = toset(["required"])
    }
    error_message = "an instance has the deployment's tag, a type that is allowed, and IMDSv2"
  }

  assert {
    condition = one([for statement in data.aws_iam_policy_document.functions.statement : statement if statement.sid == "UseNetwork"]).resources == toset([
      "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-0123456789abcdef0",
      "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-0123456789abcdef1",
      "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-0123456789abcdef0",
      "arn:aws:ec2:eu-central-1:123456789012:network-interface/*",
    ])
    error_message = "in these subnets, with this security group"
  }

  assert {
    condition = { for statement in concat(data.aws_iam_policy_document.functions.statement, data.aws_iam_policy_document.end_instances.statement) : statement.sid => [
      for condition in statement.condition : { test = condition.test, variable = condition.variable, values = toset(condition.values) }
      ] if contains(["TagAtLaunch", "ReadConsoles", "Terminate"], statement.sid) } == {
      TagAtLaunch  = [{ test = "StringEquals", variable = "ec2:CreateAction", values = toset(["RunInstances"]) }]
      ReadConsoles = [{ test = "StringEquals", variable = "aws:ResourceTag/slipway-deployment", values = toset(["slipway"]) }]
      Terminate    = [{ test = "StringEquals", variable = "aws:ResourceTag/slipway-deployment", values = toset(["slipway"]) }]
    }
    error_message = "no tag is set later, and only instances of this deployment are ended"
  }
}

run "the_belt" {
  variables {
    belt_hours = 12
  }

  assert {
    condition = (
      data.aws_iam_policy_document.belt["belt"].source_policy_documents == tolist([data.aws_iam_policy_document.end_instances.json]) &&
      data.aws_iam_policy_document.functions.source_policy_documents == tolist([data.aws_iam_policy_document.end_instances.json])
    )
    error_message = "the belt ends the instances that the functions may end, and no others"
  }

  assert {
    condition     = toset(flatten([for statement in data.aws_iam_policy_document.belt["belt"].statement : statement.actions])) == toset(["logs:CreateLogStream", "logs:PutLogEvents"])
    error_message = "and writes its log"
  }
}

run "another_deployment" {
  variables {
    deployment = "nightly"
    audience   = "https://nightly.example.com"
  }

  assert {
    condition = toset(flatten([
      for statement in concat(data.aws_iam_policy_document.functions.statement, data.aws_iam_policy_document.end_instances.statement) : [
        for condition in statement.condition : condition.values if endswith(condition.variable, "/slipway-deployment")
      ]
    ])) == toset(["nightly"])
    error_message = "the role of one deployment cannot touch the instances of another"
  }

  assert {
    condition = flatten([
      for condition in data.aws_iam_policy_document.trust.statement[0].condition : condition.values if condition.variable == "accounts.google.com:oaud"
    ]) == ["https://nightly.example.com"]
    error_message = "an audience of one's own"
  }
}

run "an_e_mail_for_an_id" {
  command = plan
  variables {
    subjects = { provision = "slipway-provision@acme-runners.iam.gserviceaccount.com" }
  }
  expect_failures = [var.subjects]
}

run "nobody" {
  command = plan
  variables {
    subjects = {}
  }
  expect_failures = [var.subjects]
}

run "a_deployment_that_the_main_module_refuses" {
  command = plan
  variables {
    deployment = "Slipway"
  }
  expect_failures = [var.deployment]
}

run "instance_types_without_a_pattern" {
  command = plan
  variables {
    instance_types = []
  }
  expect_failures = [var.instance_types]
}

run "a_field_that_there_is_not" {
  command = plan
  variables {
    launch_templates = { x64 = { disk_size_gb = 100 } }
  }
  expect_failures = [var.launch_templates]
}
