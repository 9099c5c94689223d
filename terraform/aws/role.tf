# The role that the functions assume with an identity token of their service account. No key exists, and nothing has to be rotated.
data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  audience = coalesce(var.audience, "slipway-${var.deployment}")
  tags     = merge(var.tags, { slipway-deployment = var.deployment })

  # Of EC2's resources in this account and region. Images have no account in their ARN.
  ec2_arn   = "arn:${data.aws_partition.this.partition}:ec2:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}"
  image_arn = "arn:${data.aws_partition.this.partition}:ec2:${data.aws_region.this.region}::image"

  template_arns = [for template in aws_launch_template.runner : template.arn]
}

# AWS knows accounts.google.com by itself. With an IAM OIDC provider for it, AWS would refuse the tokens. `aud` is the token's `azp`, the unique id of
# its account, and `oaud` is its `aud`.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "FunctionsOfSlipway"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["accounts.google.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:aud"
      values   = values(var.subjects)
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:sub"
      values   = values(var.subjects)
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:oaud"
      values   = [local.audience]
    }
  }
}

resource "aws_iam_role" "functions" {
  name                 = "${var.deployment}-ec2-${data.aws_region.this.region}"
  description          = "Assumed by the functions of Slipway (${var.deployment}) with tokens of Google"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
  tags                 = local.tags
}

# What the functions and the belt have in common: they find instances, and end those of this deployment.
data "aws_iam_policy_document" "end_instances" {
  # EC2 knows no permission on a single instance here.
  statement {
    sid       = "Look"
    actions   = ["ec2:DescribeInstances"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [data.aws_region.this.region]
    }
  }

  statement {
    sid       = "Terminate"
    actions   = ["ec2:TerminateInstances"]
    resources = ["${local.ec2_arn}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/slipway-deployment"
      values   = [var.deployment]
    }
  }
}

# What the functions do, and no more: each statement has its reason in terraform/README.md.
data "aws_iam_policy_document" "functions" {
  source_policy_documents = [data.aws_iam_policy_document.end_instances.json]

  statement {
    sid       = "Check"
    actions   = ["ec2:DescribeLaunchTemplateVersions", "ec2:DescribeSubnets"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [data.aws_region.this.region]
    }
  }

  statement {
    sid       = "LaunchInstances"
    actions   = ["ec2:RunInstances"]
    resources = ["${local.ec2_arn}:instance/*"]

    condition {
      test     = "ArnEquals"
      variable = "ec2:LaunchTemplate"
      values   = local.template_arns
    }

    # Without this tag the role could not end the instance.
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/slipway-deployment"
      values   = [var.deployment]
    }

    condition {
      test     = "StringLike"
      variable = "ec2:InstanceType"
      values   = var.instance_types
    }

    condition {
      test     = "StringEquals"
      variable = "ec2:MetadataHttpTokens"
      values   = ["required"]
    }
  }

  statement {
    sid       = "UseTemplates"
    actions   = ["ec2:RunInstances"]
    resources = local.template_arns
  }

  # The image is the template's: a request cannot name another.
  statement {
    sid       = "UseImages"
    actions   = ["ec2:RunInstances"]
    resources = ["${local.image_arn}/*"]

    condition {
      test     = "ArnEquals"
      variable = "ec2:LaunchTemplate"
      values   = local.template_arns
    }

    condition {
      test     = "Bool"
      variable = "ec2:IsLaunchTemplateResource"
      values   = ["true"]
    }
  }

  statement {
    sid     = "UseNetwork"
    actions = ["ec2:RunInstances"]
    resources = concat(
      [for id in local.subnets : "${local.ec2_arn}:subnet/${id}"],
      ["${local.ec2_arn}:security-group/${aws_security_group.runners.id}", "${local.ec2_arn}:network-interface/*"],
    )

    condition {
      test     = "ArnEquals"
      variable = "ec2:LaunchTemplate"
      values   = local.template_arns
    }
  }

  statement {
    sid       = "MakeDisks"
    actions   = ["ec2:RunInstances"]
    resources = ["${local.ec2_arn}:volume/*"]

    condition {
      test     = "ArnEquals"
      variable = "ec2:LaunchTemplate"
      values   = local.template_arns
    }

    condition {
      test     = "Bool"
      variable = "ec2:Encrypted"
      values   = ["true"]
    }
  }

  # EC2 has no condition about the template here; without the statements above it launches nothing.
  statement {
    sid       = "RequestSpot"
    actions   = ["ec2:RunInstances"]
    resources = ["${local.ec2_arn}:spot-instances-request/*"]
  }

  # At the launch alone: no tag of an existing resource can be changed, so no foreign instance can be made one of Slipway's.
  statement {
    sid       = "TagAtLaunch"
    actions   = ["ec2:CreateTags"]
    resources = [for kind in ["instance", "volume", "spot-instances-request"] : "${local.ec2_arn}:${kind}/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["RunInstances"]
    }
  }

  statement {
    sid       = "ReadConsoles"
    actions   = ["ec2:GetConsoleOutput"]
    resources = ["${local.ec2_arn}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/slipway-deployment"
      values   = [var.deployment]
    }
  }
}

resource "aws_iam_role_policy" "functions" {
  name   = "slipway"
  role   = aws_iam_role.functions.name
  policy = data.aws_iam_policy_document.functions.json
}
