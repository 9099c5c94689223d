import {mkdirSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describeScripts} from './describe-scripts';
import {JIT_CONFIG, Machine} from './machine';
import {COMPLETED, RUNNING} from './runner-package';

/** A runner that does with its hooks what the real one does, and keeps what they saw. */
const WITH_HOOKS = `
printf '%s\\n' "$ACTIONS_RUNNER_HOOK_JOB_STARTED" "$ACTIONS_RUNNER_HOOK_JOB_COMPLETED" >"$SLIPWAY_ROOT/hook-variables"
${RUNNING}
[[ -z $ACTIONS_RUNNER_HOOK_JOB_STARTED ]] || bash "$ACTIONS_RUNNER_HOOK_JOB_STARTED"
[[ -z $ACTIONS_RUNNER_HOOK_JOB_COMPLETED ]] || bash "$ACTIONS_RUNNER_HOOK_JOB_COMPLETED"
${COMPLETED}`;

const HOOK_FOLDER = 'usr/local/lib/slipway';

describeScripts('what an operator runs beside the runner', () => {
  let machine: Machine;
  const boot = async (attributes: Record<string, string>) => {
    machine = await Machine.create({run: WITH_HOOKS, attributes: {'slipway-jit-config': JIT_CONFIG, ...attributes}});
    return await machine.boot('startup.sh');
  };
  afterEach(() => machine.destroy());

  it('is nothing unless the metadata says so', async () => {
    await boot({});
    expect(machine.read('hook-variables')).toBe('\n\n');
    expect(machine.read('etc/sudoers.d/slipway-runner')).toBeUndefined();
    expect(machine.read(`${HOOK_FOLDER}/boot-script`)).toBeUndefined();
  });

  it('runs a hook before the job and one after it, from files that the job cannot change', async () => {
    const {status} = await boot({
      'slipway-hook-job-started': 'echo before >>"$SLIPWAY_ROOT/order"',
      'slipway-hook-job-completed': '#!/usr/bin/env bash\necho after >>"$SLIPWAY_ROOT/order"',
    });
    expect(status).toBe(0);
    expect(machine.read('order')).toBe('before\nafter\n');
    const path = (event: string) => join(machine.root, HOOK_FOLDER, `hook-job-${event}.sh`);
    expect(machine.read('hook-variables')?.split('\n')).toEqual([path('started'), path('completed'), '']);
    for (const event of ['started', 'completed']) expect(statSync(path(event)).mode & 0o777).toBe(0o755);
  });

  it('runs the boot script before the runner, without the JIT config, and shows its lines', async () => {
    const script =
      'echo "tools are there"\nenv >"$SLIPWAY_ROOT/boot-environment"\n[[ ! -e $SLIPWAY_ROOT/hook-variables ]]';
    const {status, output} = await boot({'slipway-boot-script': script});
    expect(output).toContain('runner: boot script: tools are there');
    expect(status).toBe(0);
    expect(machine.read('boot-environment')).not.toContain(JIT_CONFIG);
    expect(statSync(join(machine.root, HOOK_FOLDER, 'boot-script')).mode & 0o777).toBe(0o700);
  });

  it('powers off when the boot script fails, and starts no runner', async () => {
    const {status, output} = await boot({'slipway-boot-script': 'echo oops >&2; exit 3'});
    expect(output).toContain('runner: boot script: oops');
    expect(output).toContain('power off: the boot script ended with status 3');
    expect([status, machine.poweredOff(), machine.read('hook-variables')]).toEqual([1, true, undefined]);
  });

  it('lets jobs run sudo when it is asked for, and installs it where it is missing', async () => {
    const {output} = await boot({'slipway-sudo': 'true'});
    expect(machine.read('etc/sudoers.d/slipway-runner')).toBe('runner ALL=(ALL:ALL) NOPASSWD: ALL\n');
    expect(statSync(join(machine.root, 'etc/sudoers.d/slipway-runner')).mode & 0o777).toBe(0o440);
    expect(machine.calls().join('\n')).toMatch(/apt-get .* install .* sudo\n/);
    expect(output).toContain('jobs may run sudo without a password');
  });
});

describeScripts('the boot script of a VM that becomes a Docker host', () => {
  let machine: Machine;
  const boot = async (script: string) => {
    machine = await Machine.create({run: '', attributes: {'slipway-boot-script': script}, commands: {docker: ''}});
    mkdirSync(join(machine.root, 'sys/class/dmi/id'), {recursive: true});
    writeFileSync(join(machine.root, 'sys/class/dmi/id/sys_vendor'), 'Google\n');
    return await machine.boot('docker-host.sh');
  };
  afterEach(() => machine.destroy());

  it('runs when Docker is there, before the agent is installed', async () => {
    const {output} = await boot('printf "%s" "$(<"$SLIPWAY_ROOT/calls")" >"$SLIPWAY_ROOT/before"; echo mounted');
    expect(output).toContain('runner: boot script: mounted');
    expect(machine.read('before')).toContain('systemctl start docker');
    // The next thing that this machine lacks.
    expect(output).toContain('the agent is not installed: the host token could not be read');
  });

  it('that fails leaves the VM without an agent', async () => {
    const {output, status} = await boot('exit 3');
    expect(output).toContain('the agent is not installed: the boot script ended with status 3');
    expect(status).toBe(1);
    expect(machine.read('etc/slipway/docker-host.env')).toBeUndefined();
  });
});

describeScripts('the plug-ins of Docker', () => {
  let machine: Machine;
  const boot = async (docker: string, apt: string) => {
    machine = await Machine.create({
      run: `${RUNNING}\n${COMPLETED}`,
      commands: {docker, 'apt-cache': apt},
      attributes: {'slipway-jit-config': JIT_CONFIG, 'slipway-docker': 'true'},
    });
    return await machine.boot('startup.sh');
  };
  const installed = () =>
    machine
      .calls()
      .filter((call) => / install /.test(call))
      .map((call) => call.split(' ').at(-1));
  afterEach(() => machine.destroy());

  it('are left alone where they are there', async () => {
    await boot('', '');
    expect(installed()).toEqual([]);
  });

  it.each([
    ['Ubuntu 24.04', ['docker-buildx', 'docker-compose-v2', 'docker-compose']],
    ['Docker’s own repository', ['docker-buildx-plugin', 'docker-compose-plugin']],
  ])('are installed by the names of %s', async (_, known) => {
    const plugin = `[[ $1 != buildx && $1 != compose ]] || grep --quiet "install .*$1" "$SLIPWAY_ROOT/calls"`;
    await boot(plugin, `case $2 in ${known.join('|')}) echo "$2:" ;; esac`);
    expect(installed()).toEqual(known.slice(0, 2));
  });

  it('that no package has cost a line, and the job runs', async () => {
    const {status, output} = await boot('[[ $1 != buildx && $1 != compose ]]', '');
    expect(status).toBe(0);
    for (const plugin of ['buildx', 'compose'])
      expect(output).toContain(`Docker has no plug-in ${plugin}, and this system no package with it`);
  });
});
