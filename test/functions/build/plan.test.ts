import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {scripts} from '../../../package.json';
import {CommandLine} from '../../builders/command-line';

jest.setTimeout(60_000);

const ROOT = resolve(__dirname, '..', '..', '..');
const GOOD = 'pools: [{name: arm, repo: acme/app, requires: [self-hosted], provider: {type: gce, template: t}}]';
const BAD = GOOD.replace('requires', 'requiers').replace('arm', 'Arm');

let cli: CommandLine;
let terraform: string;
let calls: string;

beforeAll(() => {
  cli = CommandLine.build();
  terraform = join(cli.folder, 'infra');
  calls = join(cli.folder, 'calls');
  // A stand-in that writes down how it was called, and ends as `-detailed-exitcode` does when there is something to change.
  cli.write('bin/terraform', `#!/bin/sh\nprintf '%s\\n' "$@" > ${calls}\nexit 2\n`, 0o755);
});
afterAll(() => cli.remove());
beforeEach(() => {
  rmSync(terraform, {recursive: true, force: true});
  rmSync(calls, {force: true});
  mkdirSync(terraform);
});

/** What `npm run plan -- ARGS` does behind the build. */
function plan(args: readonly string[], env: Record<string, string> = {}) {
  const command = ['-r', 'ts-node/register', join('functions', 'build', 'plan.ts'), `--dist=${cli.folder}`];
  const {status, stdout, stderr} = spawnSync(process.execPath, [...command, `-chdir=${terraform}`, ...args], {
    cwd: ROOT,
    env: {PATH: join(cli.folder, 'bin'), ...env},
    encoding: 'utf8',
  });
  const called = existsSync(calls) ? readFileSync(calls, 'utf8').trimEnd().split('\n') : undefined;
  return {status, stdout, stderr, called};
}

test('npm run plan builds, then checks and plans; what stands behind -- reaches this command', () => {
  expect(scripts.plan).toBe('npm run --silent build && node -r ts-node/register functions/build/plan.ts');
});

test('pools without a mistake reach terraform plan, with its arguments and its exit code', () => {
  cli.write('infra/terraform.tfvars', `project = "p"\npools = <<-YAML\n  ${GOOD}\nYAML\n`);
  const {status, stdout, called} = plan(['-out=tfplan', '-detailed-exitcode', '-var', 'region=us-central1']);
  expect(called).toEqual([
    `-chdir=${terraform}`,
    'plan',
    '-out=tfplan',
    '-detailed-exitcode',
    '-var',
    'region=us-central1',
  ]);
  expect([status, stdout]).toEqual([2, expect.stringMatching(/infra\/terraform\.tfvars: the pools are valid: arm\n$/)]);
});

test('every mistake is told with its place, and terraform is not called', () => {
  cli.write('infra/terraform.tfvars', `pools = <<-YAML\n  ${BAD}\nYAML\n`);
  const {status, stderr, called} = plan([]);
  expect([status, called]).toEqual([1, undefined]);
  expect(stderr).toMatch(/infra\/terraform\.tfvars: pools\[0\]\.name: found "Arm", expected a name of RFC 1035/);
  expect(stderr).toMatch(/infra\/terraform\.tfvars: pools\[0\]\.requiers: found /);
  expect(stderr).toMatch(/\nnpm run plan: the pools have mistakes, so terraform was not called\n$/);
});

test('the pools are those that terraform would take: the last of environment, files in order, and command line', () => {
  const told = (args: readonly string[], env = {}) =>
    /^(\S+)( pools)?: pools\[0\]\.name: /m.exec(plan(args, env).stderr)?.[0];
  const bad = JSON.stringify(BAD);
  const env = {TF_VAR_pools: BAD};
  expect(told([], env)).toMatch(/^TF_VAR_pools:/);
  cli.write('infra/terraform.tfvars', `pools = ${JSON.stringify(GOOD)}\n`);
  expect(plan([], env).called).toBeDefined();
  cli.write('infra/b.auto.tfvars.json', `{"pools": ${bad}}`);
  expect(told([])).toMatch(/infra\/b\.auto\.tfvars\.json:/);
  cli.write('infra/more/c.tfvars', `pools = ${JSON.stringify(GOOD)}\n`);
  expect(plan(['-var-file=more/c.tfvars']).called).toContain('-var-file=more/c.tfvars');
  expect(told(['-var-file', 'more/c.tfvars', '-var', `pools=${BAD}`])).toMatch(/^-var pools:/);
});

test('--pools names the file of a configuration that reads one', () => {
  const file = cli.write('pools.yaml', GOOD);
  expect(plan([]).stderr).toMatch(
    /^npm run plan: found no variable pools of .*name the file of the pools with --pools=FILE\n$/,
  );
  expect(plan([`--pools=${file}`, '-lock=false']).called).toEqual([`-chdir=${terraform}`, 'plan', '-lock=false']);
  expect(plan(['--pools=/no/such']).stderr).toBe('npm run plan: /no/such cannot be read (ENOENT)\n');
});

test('without terraform says what to install', () => {
  cli.write('infra/terraform.tfvars', `pools = ${JSON.stringify(GOOD)}\n`);
  const {status, stderr} = plan([], {PATH: '/no/such'});
  expect([status, stderr]).toEqual([
    1,
    'npm run plan: found no terraform on the PATH: install Terraform 1.11 or newer, see docs/deploy.md, "Tools"\n',
  ]);
});
