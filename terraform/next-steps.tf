# The steps that Terraform cannot do: the values of secrets must not be in its state, and the App's settings are at GitHub.
locals {
  next_steps = "${local.opening_steps}${local.setup ? local.steps_of_setup : local.steps_by_hand}${local.more_app_steps}${local.codemagic_steps}${local.persistent_steps}${local.host_steps}"

  # Before the rest: with these the functions are reached, and may make VMs.
  opening_steps = "${local.open_steps}${local.subnetwork_steps}"

  open_steps = !var.invoker_iam_disabled || !anytrue([for function in local.functions : function.public]) ? "" : join("\n", concat(
    ["Open the functions that everybody may call by switching off Cloud Run's check of callers; they check signatures and secrets themselves:"],
    [for name, function in local.functions : "     gcloud run services update ${local.function_names[name]} --project=${var.project} --region=${var.region} --no-invoker-iam-check" if function.public],
    ["   Again after an apply that has deployed them anew, if they then answer 403.", ""],
  ))

  subnetwork_steps = var.grant_on_subnetworks || length(local.subnetwork_users) == 0 ? "" : join("\n", concat(
    ["Have the owner of the shared VPC let the functions make VMs in it (or set grant_on_subnetworks):"],
    [
      for user in values(local.subnetwork_users) :
      "     gcloud compute networks subnets add-iam-policy-binding ${user.name} --project=${user.project} --region=${user.region} --role=roles/compute.networkUser --member=${google_service_account.function[user.function].member}"
    ],
    [""],
  ))

  # The page makes the App, with its webhook, and fills in its secrets.
  steps_of_setup = <<-TEXT
    1. Make the secret of the control API, which opens its pages:
         ${local.make_manager_secret}
    2. Open the page that makes the GitHub App, and enter that secret (gcloud secrets versions access latest --secret=${google_secret_manager_secret.manager.secret_id} --project=${var.project}):
    ${local.way_to_setup}
       It leads to GitHub, then to the installation of the App on the repositories of the pools, and then shows what is still wrong.
  TEXT

  way_to_setup = var.api_public ? "     ${local.urls["api"]}/setup" : join("\n", [
    "     ${local.api_proxy}",
    "     http://localhost:8080/setup",
  ])

  make_manager_secret = "openssl rand -hex 32 | tr -d '\\n' | gcloud secrets versions add ${google_secret_manager_secret.manager.secret_id} --project=${var.project} --data-file=-"

  # The proxy of gcloud adds the caller's identity, so a browser gets in.
  api_proxy = "gcloud run services proxy ${local.function_names["api"]} --project=${var.project} --region=${var.region} --port=8080"

  steps_by_hand = join("", [for index, step in local.steps_of_hand : "${index + 1}. ${step}"])
  steps_of_hand = concat(
    [
      local.with_token ? join("\n", [
        "Store the token, a fine-grained one with the permissions in docs/deploy.md:",
        "     printf %s 'TOKEN' | gcloud secrets versions add ${one(google_secret_manager_secret.github_token[*].secret_id)} --project=${var.project} --data-file=-",
        "",
        ]) : join("\n", [
        "Store the private key of the GitHub App ${var.github_app_id == null ? "" : "${var.github_app_id} "}(its settings page, \"Generate a private key\"):",
        "     gcloud secrets versions add ${one(google_secret_manager_secret.app_private_key[*].secret_id)} --project=${var.project} --data-file=KEY.pem",
        local.store_app_id,
      ]),
      join("\n", ["Make the secret of the control API, the header X-Runner-Secret:", "     ${local.make_manager_secret}", ""]),
    ],
    !local.has_webhook ? [] : [
      join("\n", [
        "Show the webhook secret, which was made at random:",
        "     gcloud secrets versions access latest --secret=${google_secret_manager_secret.webhook.secret_id} --project=${var.project}",
        "   To use one of your own instead:",
        "     printf %s 'SECRET' | gcloud secrets versions add ${google_secret_manager_secret.webhook.secret_id} --project=${var.project} --data-file=-",
        "",
      ]),
      join("\n", [
        local.with_token ? "In the settings of each repository of the pools, or of the organisation, under Webhooks, add one with this URL, that secret, the content type application/json, and of the events \"Workflow jobs\" alone:" :
        "In the settings of the App, set the webhook URL, that secret and the content type application/json, and subscribe to the event \"Workflow job\":",
        "     ${google_cloudfunctions2_function.function["webhook"].service_config[0].uri}",
        "",
      ]),
    ],
    local.with_token ? [] : ["Install the App on the repositories of the pools.${local.has_webhook ? " Its \"Recent deliveries\" page then shows a ping that was answered 200." : ""}\n"],
    [join("\n", [
      "Ask the control API what is still wrong (the first header is only needed while api_public is false):",
      "     curl -H \"Authorization: Bearer $(gcloud auth print-identity-token)\" \\",
      "       -H \"X-Runner-Secret: $(gcloud secrets versions access latest --secret=${google_secret_manager_secret.manager.secret_id} --project=${var.project})\" \\",
      "       ${google_cloudfunctions2_function.function["api"].service_config[0].uri}/doctor",
      "",
    ])],
  )

  # The secret of the id is a name in the environment of the functions, which is empty until somebody fills it in.
  store_app_id = !local.has_app_id ? "" : join("\n", [
    "   Store its App ID as well:",
    "     printf %s APP_ID | gcloud secrets versions add ${google_secret_manager_secret.app_id[0].secret_id} --project=${var.project} --data-file=-",
    "",
  ])

  # Number of the first step that is not about the App.
  next_step = local.setup ? 3 : length(local.steps_of_hand) + 1

  codemagic_steps = !local.has_codemagic ? "" : <<-TEXT
    For the pools of type codemagic: store the token of CodeMagic's API (Teams, Personal Account, Integrations, Codemagic API, Show):
         printf %s 'TOKEN' | gcloud secrets versions add ${one(google_secret_manager_secret.codemagic_token[*].secret_id)} --project=${var.project} --data-file=-
       and put terraform/runner/codemagic.yaml into the repository of the application at CodeMagic (docs/macos.md).
  TEXT

  persistent_steps = length(var.persistent_vms) == 0 ? "" : <<-TEXT
    ${local.next_step}. Register the runners of the persistent VMs, once each, with a registration token of the repository or organisation
       (Settings, Actions, Runners, New self-hosted runner; it is good for an hour):
    ${join("\n", local.registration_commands)}
  TEXT

  registration_commands = [
    for name, vm in module.fields.persistent_vms :
    "     gcloud compute instances add-metadata ${name} --zone=${vm.zone} --project=${var.project} --metadata=slipway-registration-token=TOKEN"
  ]

  # Made from the secret of the control API, which Terraform does not know.
  host_steps = length(var.docker_hosts) == 0 ? "" : <<-TEXT
    ${local.next_step + (length(var.persistent_vms) == 0 ? 0 : 1)}. Store the tokens of the Docker hosts, and start the VMs once more: they read the token at their boot.
         export SLIPWAY_API_SECRET=$(gcloud secrets versions access latest --secret=${google_secret_manager_secret.manager.secret_id} --project=${var.project})
    ${join("\n", local.host_commands)}
  TEXT

  host_commands = flatten([
    for name, vm in local.docker_hosts : [
      "     npx slipway host-token ${vm.host} --deployment ${var.deployment} | gcloud secrets versions add ${local.host_token_names[name]} --project=${var.project} --data-file=-",
      "     gcloud compute instances reset ${name} --zone=${vm.zone} --project=${var.project}",
    ]
  ])
}
