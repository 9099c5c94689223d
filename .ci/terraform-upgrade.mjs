// Applies an earlier version of the module, then plans this one on its state: nothing that keeps something may be destroyed or made anew.
//
//   node .ci/terraform-upgrade.mjs TF_CHECK FOLDER
//
// TF_CHECK is an installed copy of tf-check, FOLDER one with terraform/ and dist/ in it. The earlier version is that of the newest tag v*, before
// there is one those of PINNED. Where the clone has no such history, the check is skipped aloud.
import {execFileSync} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const [tfCheck, current] = process.argv.slice(2).map((path) => resolve(path));
const {openSession} = await import(pathToFileURL(join(tfCheck, 'lib/session.mjs')).href);

/** Every kind of thing that the module makes. */
const FULL = {
  project: 'my-project',
  region: 'us-central1',
  pools: `
hosts: [{name: builder, capacity: 7, vm: {instance: builder, zone: us-central1-b}}]
pools:
  - {name: linux, repo: acme/app, requires: [self-hosted, linux, x64], provider: {type: gce, template: runner-linux, region: us-central1}}
  - {name: arm, repo: acme/app, requires: [self-hosted, linux, arm64], provider: {type: gce, template: runner-arm, zones: [europe-west4-a], machineTypes: [c4a-standard-4]}}
  - {name: gpu, repo: acme/app, requires: [self-hosted, gpu], provider: {type: gce-vm, instance: build-1, zone: us-central1-a}}
  - {name: light, org: acme, requires: [light], provider: {type: cloud-run, job: runner-light, region: us-central1}}
  - {name: docker, org: acme, requires: [docker], provider: {type: docker, hosts: [builder], image: "ghcr.io/actions/actions-runner:latest"}}
  - {name: mac, repo: acme/ios, requires: [macos], jobMinutes: 110, provider: {type: codemagic, app: 5c9c064185dd2310123b8e96, workflow: github-runner, team: 60aa00000000000000000001}}
`,
  persistent_vms: {'build-1': {zone: 'us-central1-a', machine_type: 'n2-standard-8', disk_gb: 200}},
  docker_hosts: {builder: {zone: 'us-central1-b'}},
  ssh_over_iap: true,
  api_callers: ['user:me@example.com'],
};

/** What the module knew before it made containers. */
const FIRST = {
  project: 'my-project',
  region: 'us-central1',
  github_app_id: '12345',
  pools: `
pools:
  - {name: linux, repo: acme/app, requires: [self-hosted, linux, x64], provider: {type: gce, template: runner-linux, region: us-central1}}
  - {name: gpu, repo: acme/app, requires: [self-hosted, gpu], provider: {type: gce-vm, instance: build-1, zone: us-central1-a}}
`,
  persistent_vms: {'build-1': {zone: 'us-central1-a'}},
};

const PINNED = [
  {version: '9902317b8218198912f507ac0fce94e5785abcc3', variables: FIRST},
  {version: '51f8da85340d412e596183a61145181e18941fba', variables: FULL},
];

/** Nothing is lost with these: grants, roles and what is watched are made anew from the configuration. */
const KEEPS_NOTHING =
  /(_iam_member|^google_project_iam_custom_role|^google_logging_metric|^google_monitoring_\w+|^google_storage_bucket_object|^google_compute_region_instance_template|^terraform_data|^google_firestore_(index|field))$/;

/** A change of one of these makes a resource anew. tf-check does not know which do. */
const IDENTITY = [
  'project',
  'location',
  'location_id',
  'region',
  'zone',
  'name',
  'account_id',
  'secret_id',
  'repository_id',
  'type',
  'byte_length',
  'keepers',
];

const say = (text) => process.stdout.write(`${text}\n`);
const git = (...args) =>
  execFileSync('git', args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e9}).trim();
const isHere = (version) => {
  try {
    git('cat-file', '-e', `${version}^{commit}`);
    return true;
  } catch {
    return false;
  }
};

function versions() {
  try {
    return [{version: git('describe', '--tags', '--abbrev=0', '--match', 'v*'), variables: FULL}];
  } catch {
    return PINNED;
  }
}

/** What a change would lose, or nothing. */
function loss({address, type, change}) {
  if (change.actions.includes('delete'))
    return KEEPS_NOTHING.test(type) ? [] : [`${address}: ${change.actions.join(' and ')}`];
  if (!change.actions.includes('update') || KEEPS_NOTHING.test(type)) return [];
  return IDENTITY.filter(
    (name) =>
      JSON.stringify(change.before?.[name]) !== JSON.stringify(change.after?.[name]) &&
      change.after_unknown?.[name] !== true,
  ).map(
    (name) =>
      `${address}: ${name} changes from ${JSON.stringify(change.before?.[name])} to ${JSON.stringify(change.after?.[name])}`,
  );
}

async function upgrade({version, variables}, session) {
  const work = mkdtempSync(join(tmpdir(), 'terraform-upgrade-'));
  const folder = join(work, 'terraform');
  const run = async (...args) => {
    const {code, output} = await session.terraform(folder, args, {capture: true});
    if (code !== 0) throw new Error(`terraform ${args[0]} of ${version}: failed\n${output.slice(-8000)}`);
    return output;
  };
  try {
    execFileSync('tar', ['-x', '-C', work], {
      input: execFileSync('git', ['archive', version, 'terraform'], {maxBuffer: 1e9}),
    });
    cpSync(join(folder, 'tests/bundles'), join(work, 'dist'), {recursive: true});
    writeFileSync(join(folder, 'upgrade.auto.tfvars.json'), JSON.stringify(variables));
    session.prepare(folder);
    await run('init', '-input=false', '-no-color');
    await run('apply', '-auto-approve', '-input=false', '-no-color');
    const before = JSON.parse(await run('show', '-json')).values.root_module;

    for (const name of readdirSync(folder))
      if (!/^(terraform\.tfstate|upgrade\.auto\.tfvars\.json|\.bundles)$/.test(name))
        rmSync(join(folder, name), {recursive: true});
    for (const name of ['terraform', 'dist']) {
      mkdirSync(join(work, name), {recursive: true});
      cpSync(join(current, name), join(work, name), {recursive: true});
    }
    session.prepare(folder);
    await run('init', '-input=false', '-no-color');
    await run('plan', '-input=false', '-no-color', '-out=upgrade.plan');
    const {resource_changes: changes} = JSON.parse(await run('show', '-json', 'upgrade.plan'));
    const losses = changes.flatMap(loss);
    const kept = before.resources.filter(({mode, type}) => mode === 'managed' && !KEEPS_NOTHING.test(type)).length;
    const moved = changes.filter(({previous_address}) => previous_address).length;
    if (losses.length > 0)
      throw new Error(`an upgrade from ${version} would lose something:\n  ${losses.join('\n  ')}`);
    if (kept < 20) throw new Error(`found ${kept} resources of ${version} that keep something, expected 20 at least`);
    say(
      `terraform upgrade from ${version.slice(0, 12)}: nothing is lost of ${kept} resources that keep something, ${moved} are renamed`,
    );
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
}

const session = await openSession();
try {
  for (const from of versions()) {
    if (isHere(from.version)) await upgrade(from, session);
    else
      say(
        `terraform upgrade from ${from.version.slice(0, 12)}: SKIPPED, because this clone's history does not reach it`,
      );
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  session.close();
}
