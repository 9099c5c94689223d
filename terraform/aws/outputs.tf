output "role_arn" {
  description = "ARN of the role: the main module's aws_role_arn, or `roleArn` of a pool."
  value       = aws_iam_role.functions.arn

  # A role without its policy would refuse everything.
  depends_on = [aws_iam_role_policy.functions]
}

output "launch_templates" {
  description = "Names of the launch templates, as pools give them."
  value       = { for name, template in aws_launch_template.runner : name => template.name }
}

output "subnets" {
  description = "Ids of the subnets, as pools give them."
  value       = local.subnets
}

output "security_group" {
  description = "Id of the instances' security group."
  value       = aws_security_group.runners.id
}

output "providers" {
  description = "What the provider of a pool says, for each launch template, in YAML."
  value = {
    for name, template in aws_launch_template.runner : name => <<-YAML
      provider:
        type: ec2
        region: ${data.aws_region.this.region}
        launchTemplate: ${template.name}
        subnets: [${join(", ", local.subnets)}]
        instanceTypes: [${template.instance_type}]
        spot: prefer
        roleArn: ${aws_iam_role.functions.arn}
    YAML
  }
}
