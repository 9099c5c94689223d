variable "aws_role_arn" {
  description = "ARN of the role that the functions assume for pools of type ec2 that name none (AWS_ROLE_ARN): output role_arn of the module aws. Null: each such pool names its role."
  type        = string
  default     = null

  validation {
    condition     = var.aws_role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$", var.aws_role_arn))
    error_message = "Expected the ARN of a role such as arn:aws:iam::111122223333:role/slipway-ec2-eu-central-1."
  }
}

variable "aws_web_identity_audience" {
  description = "Audience of the identity tokens for AWS (AWS_WEB_IDENTITY_AUDIENCE): the module aws has to have the same. Null: slipway-<deployment>."
  type        = string
  default     = null

  validation {
    condition     = var.aws_web_identity_audience == null || can(regex("^[A-Za-z0-9._:/-]{1,250}$", var.aws_web_identity_audience))
    error_message = "Expected an audience of letters, digits and . _ : / -, the same as the module aws has."
  }
}

variable "codemagic" {
  description = "Whether the functions get a token for CodeMagic (CODEMAGIC_TOKEN). Null: while a pool is of type codemagic. True keeps the token after the last such pool, while its builds end."
  type        = bool
  default     = null
}
