import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parse} from 'yaml';
import * as z from 'zod';
import {JIT_CONFIG_VARIABLE} from '../../../shared/model/runner-program';
import {MAX_BUILD_MINUTES} from '../../../shared/providers/codemagic/config';
import {DEPLOYMENT_VARIABLE, RUNNER_VARIABLE} from '../../../shared/providers/codemagic/ours';
import {WORKFLOW} from '../../emulators/codemagic/world';
import {findCommand} from './commands';
import {describeScripts, describeWhen} from './describe-scripts';
import {RUNNER_FOLDER} from './machine';

const TEXT = readFileSync(join(RUNNER_FOLDER, 'codemagic.yaml'), 'utf8');

/** What CodeMagic takes of a workflow, as far as the file uses it. */
const Workflow = z.strictObject({
  name: z.string(),
  instance_type: z.enum(['mac_mini_m2', 'mac_mini_m4']),
  max_build_duration: z.int().min(1).max(120),
  environment: z.strictObject({vars: z.record(z.string(), z.string())}),
  scripts: z.array(z.strictObject({name: z.string(), script: z.string()})),
});
const {workflows} = z.strictObject({workflows: z.record(z.string(), Workflow)}).parse(parse(TEXT));
const workflow = workflows[WORKFLOW];
const vars = workflow?.environment.vars ?? {};
const scripts = workflow?.scripts ?? [];
const script = (name: string) => scripts.find((one) => one.name === name)?.script ?? '';

describe('codemagic.yaml', () => {
  test('has the one workflow, whose builds end when the provider says that they do', () => {
    expect(Object.keys(workflows)).toEqual([WORKFLOW]);
    expect(workflow?.max_build_duration).toBe(MAX_BUILD_MINUTES);
  });

  test('reads the variables that the provider sets, and no others of ours', () => {
    const read = new Set(TEXT.match(/\b(SLIPWAY_[A-Z_]+|ACTIONS_RUNNER_INPUT_[A-Z]+)\b/g));
    expect([...read].sort()).toEqual([JIT_CONFIG_VARIABLE, DEPLOYMENT_VARIABLE, RUNNER_VARIABLE].sort());
    expect(vars['ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE']).toBe('1');
  });

  test('pins the version that VMs get, with a checksum', () => {
    const [, pinned] = /^RUNNER_VERSION=(.*)$/m.exec(readFileSync(join(RUNNER_FOLDER, 'src/pins.sh'), 'utf8')) ?? [];
    expect(vars['RUNNER_VERSION']).toBe(pinned);
    expect(vars['RUNNER_SHA256']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('puts the JIT config on no command line and into no output', () => {
    for (const {script: text} of scripts) {
      expect(text).not.toMatch(/set -\w*x/);
      expect(text.replace(/\[ -z "\$\{ACTIONS_RUNNER_INPUT_JITCONFIG:-\}" \]/, '')).not.toMatch(/\$\{?ACTIONS_RUNNER_/);
    }
  });
});

const JIT_CONFIG = 'the-jit-config-of-this-runner';

/** A build machine: its home, and in place of macOS’s commands a curl that has the package of the runner in place of GitHub's releases. */
class BuildMachine {
  readonly #folder = mkdtempSync(join(tmpdir(), 'slipway-codemagic-'));
  readonly home = join(this.#folder, 'home');
  readonly sha256: string;

  constructor(runnerScript: string) {
    const content = join(this.#folder, 'content');
    const bin = join(this.#folder, 'bin');
    for (const folder of [this.home, content, bin]) mkdirSync(folder);
    writeFileSync(join(content, 'run.sh'), `#!/bin/bash\n${runnerScript}\n`, {mode: 0o755});
    const file = join(this.#folder, 'package.tar.gz');
    spawnSync('tar', ['-czf', file, '-C', content, 'run.sh']);
    this.sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    const curl = join(bin, 'curl');
    writeFileSync(
      curl,
      `#!/bin/bash\nfor last; do :; done\necho "$last" >${this.#folder}/asked\nwhile [ "$1" != --output ]; do shift; done\ncp ${file} "$2"\n`,
    );
    chmodSync(curl, 0o755);
    // macOS has this name for it.
    writeFileSync(join(bin, 'shasum'), '#!/bin/bash\nshift 2\nexec sha256sum "$@"\n', {mode: 0o755});
  }

  run(name: string, env: Readonly<Record<string, string>>): {readonly status: number | null; readonly output: string} {
    const {status, stdout, stderr} = spawnSync('bash', ['-c', script(name)], {
      encoding: 'utf8',
      env: {PATH: `${join(this.#folder, 'bin')}:/usr/local/bin:/usr/bin:/bin`, HOME: this.home, ...vars, ...env},
    });
    return {status, output: stdout + stderr};
  }

  /** The URL that was downloaded. */
  asked(): string {
    return readFileSync(join(this.#folder, 'asked'), 'utf8').trim();
  }

  close(): void {
    rmSync(this.#folder, {recursive: true});
  }
}

describeScripts('the scripts of codemagic.yaml', () => {
  let machine: BuildMachine;
  afterEach(() => machine.close());

  test('fetch the package that the checksum belongs to, and run the runner with its JIT config', () => {
    machine = new BuildMachine(`[ "$${JIT_CONFIG_VARIABLE}" = ${JIT_CONFIG} ] && echo "ran $# arguments"; exit 7`);
    const env = {[JIT_CONFIG_VARIABLE]: JIT_CONFIG, RUNNER_SHA256: machine.sha256, SLIPWAY_RUNNER: 'slipway-mac-7-1'};
    const fetched = machine.run('Fetch the runner', env);
    expect(fetched).toMatchObject({status: 0, output: expect.stringContaining('runner slipway-mac-7-1')});
    expect(machine.asked()).toBe(
      `https://github.com/actions/runner/releases/download/v${vars['RUNNER_VERSION']}/actions-runner-osx-arm64-${vars['RUNNER_VERSION']}.tar.gz`,
    );
    const ran = machine.run('Run one job', env);
    // The end of the runner is the end of the build.
    expect(ran).toEqual({status: 7, output: 'ran 0 arguments\n'});
    expect(fetched.output + ran.output).not.toContain(JIT_CONFIG);
  });

  test('unpack nothing whose checksum is another', () => {
    machine = new BuildMachine('echo ran');
    const {status} = machine.run('Fetch the runner', {[JIT_CONFIG_VARIABLE]: JIT_CONFIG});
    expect(status).not.toBe(0);
    expect(existsSync(join(machine.home, 'actions-runner/run.sh'))).toBe(false);
  });

  test('end at once when a person starts the workflow', () => {
    machine = new BuildMachine('echo ran');
    expect(machine.run('Fetch the runner', {RUNNER_SHA256: machine.sha256})).toMatchObject({
      status: 1,
      output: expect.stringContaining('Slipway starts this workflow'),
    });
  });
});

const shellcheck = findCommand('shellcheck');
describeWhen(
  shellcheck ? undefined : 'shellcheck is not installed (apt-get install shellcheck)',
  'the check of codemagic.yaml by shellcheck',
)('shellcheck', () => {
  test.each(scripts.map(({name}) => name))('has nothing to say of "%s"', (name) => {
    const {stdout, status} = spawnSync(shellcheck ?? '', ['--shell=bash', '-'], {
      input: script(name),
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([0, '']);
  });
});
