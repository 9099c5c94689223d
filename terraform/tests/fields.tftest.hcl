run "unknown_fields_are_known_in_the_plan" {
  command = plan
  module {
    source = "./tests/not-known"
  }

  assert {
    condition     = output.fields == ["a.imag", "a.disks[0].kind"]
    error_message = jsonencode(output.fields)
  }
}
