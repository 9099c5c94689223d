# A function that terminates what is too old, each hour, independently of the instances and of Google Cloud. Off unless belt_hours is set.
locals {
  belts     = var.belt_hours == null ? {} : { belt = var.belt_hours }
  belt_name = "${var.deployment}-belt-${data.aws_region.this.region}"
}

data "archive_file" "belt" {
  for_each = local.belts

  type        = "zip"
  source_file = "${path.module}/belt/index.mjs"
  output_path = "${path.module}/.bundles/belt.zip"
}

data "aws_iam_policy_document" "belt" {
  for_each = local.belts

  source_policy_documents = [data.aws_iam_policy_document.end_instances.json]

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.belt[each.key].arn}:*"]
  }
}

resource "aws_iam_role" "belt" {
  for_each = local.belts

  name = local.belt_name
  tags = local.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "belt" {
  for_each = local.belts

  name   = "slipway"
  role   = aws_iam_role.belt[each.key].name
  policy = data.aws_iam_policy_document.belt[each.key].json
}

resource "aws_cloudwatch_log_group" "belt" {
  for_each = local.belts

  name              = "/aws/lambda/${local.belt_name}"
  retention_in_days = 30
  tags              = local.tags
}

resource "aws_lambda_function" "belt" {
  for_each = local.belts

  function_name    = local.belt_name
  description      = "Terminates instances of Slipway (${var.deployment}) that are older than ${each.value} h"
  role             = aws_iam_role.belt[each.key].arn
  runtime          = "nodejs22.x"
  architectures    = ["arm64"]
  handler          = "index.handler"
  filename         = data.archive_file.belt[each.key].output_path
  source_code_hash = data.archive_file.belt[each.key].output_base64sha256
  timeout          = 300
  tags             = local.tags

  environment {
    variables = {
      DEPLOYMENT = var.deployment
      HOURS      = tostring(each.value)
    }
  }

  # Without its log group Lambda would make one that keeps everything for ever.
  depends_on = [aws_cloudwatch_log_group.belt]
}

resource "aws_iam_role" "belt_schedule" {
  for_each = local.belts

  name = "${local.belt_name}-schedule"
  tags = local.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "belt_schedule" {
  for_each = local.belts

  name = "slipway"
  role = aws_iam_role.belt_schedule[each.key].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = aws_lambda_function.belt[each.key].arn }]
  })
}

resource "aws_scheduler_schedule" "belt" {
  for_each = local.belts

  name                = local.belt_name
  description         = "Slipway (${var.deployment}): ends instances that nothing else has ended"
  schedule_expression = "rate(1 hour)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.belt[each.key].arn
    role_arn = aws_iam_role.belt_schedule[each.key].arn
  }
}
