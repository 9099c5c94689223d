# Where no subnets are given: a VPC with a public subnet in each zone. An address of its own for each instance costs while it runs; a NAT gateway would
# cost all the time. Nothing gets in, because the security group allows no ingress.
locals {
  own_vpc = var.subnets == null
  # Local zones and wavelength zones have to be opted into.
  zones   = local.own_vpc ? slice(data.aws_availability_zones.open[0].names, 0, min(16, length(data.aws_availability_zones.open[0].names))) : []
  subnets = local.own_vpc ? [for zone in local.zones : aws_subnet.public[zone].id] : var.subnets
  vpc     = local.own_vpc ? aws_vpc.runners[0].id : data.aws_subnet.given[0].vpc_id
}

data "aws_availability_zones" "open" {
  count = local.own_vpc ? 1 : 0

  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_subnet" "given" {
  count = local.own_vpc ? 0 : length(var.subnets)

  id = var.subnets[count.index]
}

resource "aws_vpc" "runners" {
  count = local.own_vpc ? 1 : 0

  cidr_block = var.vpc_cidr
  tags       = merge(local.tags, { Name = "${var.deployment}-runners" })
}

resource "aws_internet_gateway" "runners" {
  count = local.own_vpc ? 1 : 0

  vpc_id = aws_vpc.runners[0].id
  tags   = merge(local.tags, { Name = "${var.deployment}-runners" })
}

resource "aws_subnet" "public" {
  for_each = toset(local.zones)

  vpc_id                  = aws_vpc.runners[0].id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.vpc_cidr, 4, index(local.zones, each.key))
  map_public_ip_on_launch = true
  tags                    = merge(local.tags, { Name = "${var.deployment}-${each.key}" })
}

resource "aws_route_table" "public" {
  count = local.own_vpc ? 1 : 0

  vpc_id = aws_vpc.runners[0].id
  tags   = merge(local.tags, { Name = "${var.deployment}-runners" })
}

resource "aws_route" "out" {
  count = local.own_vpc ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.runners[0].id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_security_group" "runners" {
  name_prefix = "${var.deployment}-runners-"
  description = "Slipway runners (${var.deployment}): out, and nothing in"
  vpc_id      = local.vpc
  tags        = merge(local.tags, { Name = "${var.deployment}-runners" })

  lifecycle {
    # The launch templates name it, so the next one is there before this one goes.
    create_before_destroy = true
  }
}

# EC2 would refuse instances in the others: a security group belongs to one VPC.
check "subnets_of_one_vpc" {
  assert {
    condition     = length(distinct(data.aws_subnet.given[*].vpc_id)) <= 1
    error_message = "Found subnets of several VPCs (${join(", ", distinct(data.aws_subnet.given[*].vpc_id))}), expected subnets of one: the security group belongs to that of the first."
  }
}

# To GitHub, registries and packages.
resource "aws_vpc_security_group_egress_rule" "all" {
  for_each = { ipv4 = "0.0.0.0/0", ipv6 = "::/0" }

  security_group_id = aws_security_group.runners.id
  description       = "everywhere"
  ip_protocol       = "-1"
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
}
