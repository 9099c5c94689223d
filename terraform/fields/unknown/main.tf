# Compares the names of the fields of some objects as they were given with those that their types have, and hands on what is inside them, for
# the next of these modules: Terraform has no recursion.
variable "objects" {
  description = "Each with its path, as it was given, and with types and defaults. Maps and lists are gone through, and have no fields."
  type        = any # no two need be alike
}

output "unknown" {
  description = "One sentence for each field that the type has not."
  value = flatten([
    for object in var.objects : [
      for field in setsubtract(try(keys(object.given), []), try(keys(object.typed), [])) :
      "${object.path}.${field}: found an unknown field, expected one of ${join(", ", keys(object.typed))}"
    ]
  ])
}

# A value may be known after the apply only, or sensitive. Its type is known after the conversion, and nothing here is to depend on its content:
# hence no flatten().
output "inside" {
  description = "The objects, maps and lists in these that were given and are known."
  value = concat([], [
    for object in var.objects : [
      for key, value in object.given : {
        path  = can(keys(object.given)) ? "${object.path}.${key}" : "${object.path}[${key}]"
        given = value
        typed = object.typed[key]
      } if can([for item in object.typed[key] : true]) ? can([for item in value : true]) : false
    ]
  ]...)
}
