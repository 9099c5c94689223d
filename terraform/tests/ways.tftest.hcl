# Other ways to GitHub and to the functions: a token for the App, no webhook, no grant to allUsers, private networks, own certificates, a proxy.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project = "acme-runners"
  region  = "us-central1"
  bundles = "./tests/bundles"
  pools   = "{pools: [{name: arm, repo: acme/app, requires: [self-hosted], provider: {type: gce, template: runner, region: us-central1}}]}"
}

run "a_token_in_place_of_the_app" {
  variables {
    github_auth = "token"
  }

  assert {
    condition = (
      length(google_secret_manager_secret.app_private_key) == 0 && length(google_secret_manager_secret.app_id) == 0 && length(google_secret_manager_secret_iam_member.add_version) == 0 &&
      google_secret_manager_secret.github_token[0].secret_id == "slipway-github-token"
    )
    error_message = "there is a secret for the token, and none for an App"
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.function :
      lookup(function.service_config[0].environment_variables, "GITHUB_TOKEN", "none") == (name == "webhook" ? "none" : google_secret_manager_secret.github_token[0].id) &&
      length(setintersection(keys(function.service_config[0].environment_variables), ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"])) == 0
    ])
    error_message = "the functions that call GitHub are told the token's name, not its value"
  }

  assert {
    condition     = [for key, grant in google_secret_manager_secret_iam_member.read_secret : key if grant.secret_id == "slipway-github-token"] == ["api/github_token", "provision/github_token", "stop/github_token", "sweep/github_token"]
    error_message = "webhook cannot read the token"
  }

  assert {
    condition = (
      strcontains(output.next_steps, "1. Store the token") && strcontains(output.next_steps, "versions add slipway-github-token") && strcontains(output.next_steps, "Workflow jobs") &&
      !strcontains(output.next_steps, "private key") && !strcontains(output.next_steps, "Install the App") && !strcontains(output.next_steps, "/setup")
    )
    error_message = "the steps by hand are those for a token"
  }

  assert {
    condition     = output.secrets.github_app_private_key == null && output.secrets.github_token == google_secret_manager_secret.github_token[0].id
    error_message = "the output names it"
  }
}

run "a_token_and_an_app" {
  command = plan
  variables {
    github_auth   = "token"
    github_app_id = "12345"
  }
  expect_failures = [var.github_auth]
}

run "without_webhooks" {
  variables {
    webhooks = "off"
  }

  assert {
    condition     = keys(google_cloudfunctions2_function.function) == ["api", "provision", "stop", "sweep"] && keys(google_service_account.function) == ["api", "provision", "stop", "sweep"]
    error_message = "there is no function webhook, and no account for it"
  }

  assert {
    condition     = length([for grant in google_cloud_run_service_iam_member.invoker : grant if grant.member == "allUsers"]) == 0 && length(google_secret_manager_secret_iam_member.mount_secret) == 0
    error_message = "nothing is open to all"
  }

  assert {
    condition = (
      output.webhook_url == null && !contains(keys(google_cloudfunctions2_function.function["api"].service_config[0].environment_variables), "WEBHOOK_URL") &&
      google_cloudfunctions2_function.function["sweep"].service_config[0].environment_variables["WEBHOOKS"] == "off"
    )
    error_message = "nobody is told an address of a webhook"
  }

  assert {
    condition     = !strcontains(output.next_steps, "/setup") && !strcontains(output.next_steps, "webhook") && strcontains(output.next_steps, "5. Ask the control API") == false && strcontains(output.next_steps, "4. Ask the control API")
    error_message = "the steps by hand are without the webhook; the page /setup would make an App with one"
  }
}

run "without_a_grant_to_all" {
  command = plan
  variables {
    invoker_iam_disabled = true
    api_public           = true
  }

  assert {
    condition     = keys(google_cloud_run_service_iam_member.invoker) == ["provision", "stop", "sweep"]
    error_message = "allUsers is granted nothing"
  }
}

run "no_function_to_open" {
  variables {
    invoker_iam_disabled = true
    webhooks             = "off"
  }

  assert {
    condition     = !strcontains(output.next_steps, "Open the functions")
    error_message = "no step is about functions that everybody may call where there are none"
  }
}

run "the_command_that_opens_webhook" {
  variables {
    invoker_iam_disabled = true
  }

  assert {
    condition = (
      strcontains(output.next_steps, "gcloud run services update slipway-webhook --project=acme-runners --region=us-central1 --no-invoker-iam-check") &&
      !strcontains(output.next_steps, "services update slipway-api") && !strcontains(output.next_steps, "services update slipway-provision")
    )
    error_message = "the steps by hand open webhook, and no function that is not open to all"
  }

  assert {
    condition     = output.api_proxy == "gcloud run services proxy slipway-api --project=acme-runners --region=us-central1 --port=8080"
    error_message = "an output has the command that makes the pages reachable"
  }
}

run "a_private_network_with_its_own_certificates" {
  variables {
    github_api_url  = "https://github.corp.example/api/v3"
    vpc_connector   = { name = "projects/acme-net/locations/us-central1/connectors/slipway" }
    ca_certificates = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    proxy           = { url = "http://proxy.corp.example:3128", no_proxy = ["github.corp.example"] }
  }

  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.function :
      function.service_config[0].vpc_connector == "projects/acme-net/locations/us-central1/connectors/slipway" && function.service_config[0].vpc_connector_egress_settings == "PRIVATE_RANGES_ONLY"
    ])
    error_message = "every function goes by the connector, to private addresses only unless told otherwise"
  }

  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.function :
      function.service_config[0].environment_variables["NODE_EXTRA_CA_CERTS"] == "/etc/ca-certificates/ca.pem" &&
      length([for volume in function.service_config[0].secret_volumes : volume if volume.secret == "slipway-ca-certificates" && volume.mount_path == "/etc/ca-certificates" && volume.versions[0].path == "ca.pem"]) == 1
    ])
    error_message = "every function has the certificates as a file, and Node is told of it"
  }

  assert {
    condition     = keys(google_secret_manager_secret_iam_member.mount_ca_certificates) == keys(google_cloudfunctions2_function.function)
    error_message = "and may read it"
  }

  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.function :
      function.service_config[0].environment_variables["HTTPS_PROXY"] == "http://proxy.corp.example:3128" && function.service_config[0].environment_variables["NODE_USE_ENV_PROXY"] == "1" &&
      length(setsubtract(["metadata.google.internal", "169.254.169.254", ".googleapis.com", "github.corp.example"], split(",", function.service_config[0].environment_variables["NO_PROXY"]))) == 0
    ])
    error_message = "Google's own addresses are reached without the proxy"
  }

  assert {
    condition = (
      google_compute_region_instance_template.runner["runner"].metadata["slipway-proxy"] == "http://proxy.corp.example:3128" &&
      strcontains(google_compute_region_instance_template.runner["runner"].metadata["slipway-no-proxy"], "github.corp.example") &&
      google_compute_region_instance_template.runner["runner"].metadata["slipway-ca-certificates"] == var.ca_certificates &&
      alltrue([for name in ["slipway-proxy", "slipway-no-proxy", "slipway-ca-certificates"] : strcontains(file("./runner/startup.sh"), "setting ${name} ")])
    )
    error_message = "the runners' script reads the proxy and the certificates, too"
  }
}

run "no_way_out_of_ones_own" {
  command = plan

  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.function :
      function.service_config[0].vpc_connector == null && alltrue([for name in keys(google_compute_region_instance_template.runner["runner"].metadata) : !contains(["slipway-proxy", "slipway-no-proxy", "slipway-ca-certificates"], name)]) &&
      length(setintersection(keys(function.service_config[0].environment_variables), ["HTTPS_PROXY", "NO_PROXY", "NODE_USE_ENV_PROXY", "NODE_EXTRA_CA_CERTS"])) == 0
    ])
    error_message = "by default there is neither connector nor proxy nor certificates"
  }

  assert {
    condition     = length(google_secret_manager_secret.ca_certificates) == 0
    error_message = "and no secret for them"
  }
}

run "ways_that_are_none" {
  command = plan
  variables {
    vpc_connector   = { name = "slipway" }
    ca_certificates = "-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\n"
    proxy           = { url = "http://user:password@proxy.corp.example:3128" }
  }
  expect_failures = [var.vpc_connector, var.ca_certificates, var.proxy]
}

run "a_shared_vpc" {
  variables {
    subnetworks = { us-central1 = "projects/acme-net/regions/us-central1/subnetworks/runners" }
  }

  assert {
    condition     = length(google_compute_subnetwork_iam_member.function) == 0
    error_message = "nothing is granted in another project unless it is asked for"
  }

  assert {
    condition = (
      strcontains(output.next_steps, "gcloud compute networks subnets add-iam-policy-binding runners --project=acme-net --region=us-central1 --role=roles/compute.networkUser --member=${google_service_account.function["provision"].member}") &&
      !strcontains(output.next_steps, google_service_account.function["sweep"].member)
    )
    error_message = "the steps by hand have the command for the owner of the network"
  }
}

run "a_shared_vpc_with_its_grants" {
  command = plan
  variables {
    subnetworks          = { us-central1 = "https://www.googleapis.com/compute/v1/projects/acme-net/regions/us-central1/subnetworks/runners", europe-west4 = "projects/acme-net/regions/europe-west4/subnetworks/unused" }
    grant_on_subnetworks = true
    pools                = "{pools: [{name: arm, repo: acme/app, requires: [self-hosted], standby: {stopped: 1}, provider: {type: gce, template: runner, region: us-central1}}]}"
  }

  assert {
    condition = { for key, grant in google_compute_subnetwork_iam_member.function : key => "${grant.role} on ${grant.project}/${grant.region}/${grant.subnetwork}" } == {
      for function in ["provision", "sweep"] : "${function}/acme-net/us-central1/runners" => "roles/compute.networkUser on acme-net/us-central1/runners"
    }
    error_message = "who creates VMs may use the subnetworks in which they are made, and no other"
  }
}

run "a_subnetwork_of_this_project" {
  command = plan
  variables {
    subnetworks          = { us-central1 = "projects/acme-runners/regions/us-central1/subnetworks/runners" }
    grant_on_subnetworks = true
  }

  assert {
    condition     = length(google_compute_subnetwork_iam_member.function) == 0
    error_message = "in this project the functions' own role is enough"
  }
}

run "the_token_of_codemagic_is_kept" {
  command = plan
  variables {
    codemagic = true
  }

  assert {
    condition     = length(google_secret_manager_secret.codemagic_token) == 1
    error_message = "without a pool of type codemagic the token stays where it is asked for"
  }
}
