# Mistakes in the pools that end the plan.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project       = "acme-runners"
  region        = "us-central1"
  github_app_id = "12345"
  bundles       = "./tests/bundles"
}

run "mistakes" {
  command = plan
  variables {
    pools = <<-YAML
      pools:
        - {name: Arm, repo: acme/app, requires: [a], provider: {type: gce, template: own}}
        - {name: twice, repo: acme/app, org: acme, requires: x, provider: {type: gke, template: a}}
        - {name: twice, requires: [], provider: {type: gce, template: "a b", region: us-central1-a, zones: [us-central]}}
        - {name: a-name-of-21-letters-x, repo: a/b, offers: [x], provider: {type: gce, template: other, region: us-central1, zones: [europe-west4-a]}}
        - {repo: a/b, offers: [x], provider: {type: gce, template: projects/p/regions/us-east1/instanceTemplates/t, region: us-central1}}
        - {repo: a/b, offers: [x], provider: {type: gce-vm, instance: Gpu, zone: us-central1}}
        - {repo: a/b, offers: [x], provider: {type: gce-vm}}
        - nonsense
        - {repo: a/b, offers: [x], provider: {type: ec2, region: us-central1, launchTemplate: t, subnets: [a], instanceTypes: [m7i.large]}}
        - {repo: a/b, offers: [y], provider: {type: ec2, region: us-gov-west-1, launchTemplate: t, subnets: [subnet-0123456789abcdef0], instanceTypes: [m7i.large]}}
    YAML
  }
  expect_failures = [terraform_data.pools]

  assert {
    condition = local.pool_mistakes == [
      "pools[0].name: found \"Arm\", expected 1 to 20 lower-case letters, digits and hyphens, a letter first",
      "pools[1]: found [\"org\",\"repo\"], expected exactly one of repo, repos and org",
      "pools[1]: expected requires and offers as lists of labels",
      "pools[1].provider.type: found \"gke\", expected ${join(" or ", local.provider_types)}",
      "pools[2].name: found \"twice\", the name of an earlier pool too, expected different names",
      "pools[2]: found [], expected exactly one of repo, repos and org",
      "pools[2]: found neither requires nor offers with a label, expected labels in one of them or in both",
      "pools[2].provider.template: found \"a b\", expected the name of an instance template, or projects/P/global/instanceTemplates/T",
      "pools[2].provider.region: found \"us-central1-a\", expected a region such as us-central1",
      "pools[2].provider.zones: found [\"us-central\"], expected a list of zones such as us-central1-a",
      "pools[3].name: found \"a-name-of-21-letters-x\", expected 1 to 20 lower-case letters, digits and hyphens, a letter first",
      "pools[3].provider.zones: found [\"europe-west4-a\"], expected zones of us-central1: a pool takes the template other of one region; for another region make another pool",
      "pools[4].provider: found the region us-central1, expected us-east1, the region of the template projects/p/regions/us-east1/instanceTemplates/t",
      "pools[5].provider.zone: found \"us-central1\", expected a zone such as us-central1-a",
      "pools[5].provider.instance: found \"Gpu\", expected the name of a VM",
      "pools[6].provider.instance: found null, expected the name of a VM",
      "pools[7]: found [], expected exactly one of repo, repos and org",
      "pools[7]: found neither requires nor offers with a label, expected labels in one of them or in both",
      "pools[7].provider.type: found \"\", expected ${join(" or ", local.provider_types)}",
      "pools[8].provider.region: found \"us-central1\", expected a region of AWS such as us-east-1",
      "pools[8].provider.subnets: found [\"a\"], expected ids of subnets such as subnet-0123456789abcdef0",
    ]
    error_message = join("\n", local.pool_mistakes)
  }
}

run "machines_that_are_not_made" {
  command = plan
  variables {
    runner_templates = { linux = {}, europe = { region = "europe-west4" } }
    persistent_vms   = { gpu-1 = { zone = "us-central1-a" } }
    pools            = <<-YAML
      pools:
        - {name: a, repo: acme/app, requires: [a], provider: {type: gce, template: linus}}
        - {name: b, repo: acme/app, requires: [b], provider: {type: gce, template: europe}}
        - {name: c, repo: acme/app, requires: [c], provider: {type: gce-vm, instance: gpu-1, zone: us-central1-b}}
        - {name: d, repo: acme/app, requires: [d], provider: {type: gce-vm, instance: gpu-2, zone: us-central1-a}}
        - {name: e, repo: acme/app, requires: [e], provider: {type: gce, template: projects/other/global/instanceTemplates/own, zones: [us-central1-a, us-east1-b]}}
        - {name: f, repo: acme/app, requires: [f], provider: {type: gce, template: europe, zones: [europe-west4-a, europe-west4-b]}}
    YAML
  }
  expect_failures = [terraform_data.pools, check.persistent_vms_of_the_pools]

  assert {
    condition = local.pool_mistakes == [
      "pools[0].provider.template: found linus, which is missing in us-central1, expected one of runner_templates (europe, linux); for a template of your own projects/P/regions/R/instanceTemplates/T",
      "pools[1].provider: found no template europe in us-central1, expected europe-west4, where runner_templates has it; without a region of its own it is made wherever pools name it",
      "pools[2].provider.zone: found us-central1-b, expected us-central1-a, the zone of gpu-1 in persistent_vms",
    ]
    error_message = join("\n", local.pool_mistakes)
  }
}

run "templates_and_vms_of_somebody_else" {
  command = plan
  variables {
    runner_templates = {}
    pools            = <<-YAML
      pools:
        - {name: a, repos: ["acme/*"], offers: [a], provider: {type: gce, template: theirs, zones: [us-central1-a, us-east1-b]}}
        - {org: acme, requires: [b], offers: [b], provider: {type: gce-vm, instance: gpu-2, zone: us-central1-ai1a}}
    YAML
  }

  assert {
    condition     = length(local.pool_mistakes) == 0
    error_message = join("\n", local.pool_mistakes)
  }
}

run "fallback" {
  command = plan
  variables {
    pools = <<-YAML
      pools:
        - name: a
          repo: acme/app
          requires: [a]
          fallback: b
          options: {machine: ["n2-*"], disk: 200, spot: true}
          provider: {type: gce, template: projects/p/global/instanceTemplates/t, zones: [us-central1-a, europe-west4-a]}
        - {name: b, repo: acme/app, requires: [b], fallback: c, provider: {type: gce, template: projects/p/global/instanceTemplates/t}}
        - {name: d, repo: acme/app, requires: [d], fallback: d, provider: {type: gce, template: projects/p/global/instanceTemplates/t}}
    YAML
  }
  expect_failures = [terraform_data.pools]

  assert {
    condition = local.pool_mistakes == [
      "pools[1].fallback: found \"c\", expected the name of another pool",
      "pools[2].fallback: found \"d\", expected the name of another pool",
    ]
    error_message = join("\n", local.pool_mistakes)
  }
}
