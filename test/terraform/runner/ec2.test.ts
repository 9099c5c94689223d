import {chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describeScripts} from './describe-scripts';
import {ARCHITECTURE, JIT_CONFIG, Machine, type MachineOptions} from './machine';
import {COMPLETED, LISTENING, RUNNING, WAIT_FOR_INTERRUPT} from './runner-package';
import {unpackedUserData} from './user-data';

const TIMER = 'systemd-run --quiet --collect --unit slipway-life --on-boot 22500 systemctl poweroff -i';
const AT_NEXT_BOOT = 'var/lib/cloud/scripts/per-boot/slipway-end';
const KEPT_BY_CLOUD_INIT = [
  'var/lib/cloud/instances/i-1/user-data.txt',
  'var/lib/cloud/instances/i-1/scripts/part-001',
  'run/cloud-init/instance-data-sensitive.json',
];

const ONE_JOB = `
printf '%s' "$ACTIONS_RUNNER_INPUT_JITCONFIG" >"$SLIPWAY_ROOT/jit-seen"
chmod 0600 "$SLIPWAY_ROOT/jit-seen"
env >"$SLIPWAY_ROOT/environment"
chmod 0600 "$SLIPWAY_ROOT/environment"
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >"$SLIPWAY_ROOT/command-lines"
${LISTENING}
${RUNNING}
${COMPLETED}`;

describeScripts('the startup script as user data of EC2', () => {
  let machine: Machine;
  let script: string;
  /** The instance, with the user data where cloud-init keeps and runs it. */
  const create = async (options: Partial<MachineOptions> = {}, variables: Record<string, string> = {}) => {
    machine = await Machine.create({run: ONE_JOB, ...options});
    const sha256 = machine.server.attributes.get(`slipway-runner-sha256-${ARCHITECTURE}`) ?? '';
    const changes = {[`SLIPWAY_RUNNER_SHA256_${ARCHITECTURE.toUpperCase()}`]: sha256, ...variables};
    const text = unpackedUserData(JIT_CONFIG, changes);
    machine.server.attributes.clear();
    for (const path of KEPT_BY_CLOUD_INIT) {
      mkdirSync(join(machine.root, dirname(path)), {recursive: true});
      writeFileSync(join(machine.root, path), text);
    }
    script = join(machine.root, 'var/lib/cloud/instances/i-1/scripts/part-001');
  };
  const boot = () => machine.boot(script);
  afterEach(() => machine.destroy());

  it('runs the runner for one job with the JIT config that it brings, and powers off', async () => {
    await create();
    const {status, output} = await boot();
    expect(output).toContain(
      'starting on i-0123456789abcdef0 as slipway-linux-ec2-44200000894-1 (pool linux-ec2, deployment slipway)',
    );
    expect(output).toContain('Running job: build');
    expect(output).toContain('power off: the runner has run its job');
    expect(status).toBe(0);
    expect(machine.read('jit-seen')).toBe(JIT_CONFIG);
    expect(machine.poweredOff()).toBe(true);
    expect(machine.server.requests.filter((path) => path.startsWith('/computeMetadata'))).toEqual([]);
  });

  it('bounds the life of the VM before anything else', async () => {
    await create();
    await boot();
    expect(machine.calls()[0]).toBe(TIMER);
    expect(machine.read(AT_NEXT_BOOT)).toBe('#!/bin/sh\nexec systemctl poweroff -i\n');
    expect(statSync(join(machine.root, AT_NEXT_BOOT)).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['when systemd does not take the timer', {'systemd-run': 'exit 1'}, {}, 'systemd did not take the timer'],
    ['without a time', {}, {SLIPWAY_LIFE_SECONDS: ''}, 'found SLIPWAY_LIFE_SECONDS=, expected a number of seconds'],
    ['with a time that is none', {}, {SLIPWAY_LIFE_SECONDS: '6h'}, 'found SLIPWAY_LIFE_SECONDS=6h, expected'],
    ['with no time left', {}, {SLIPWAY_LIFE_SECONDS: '0'}, 'found SLIPWAY_LIFE_SECONDS=0, expected'],
  ])('powers off %s', async (_case, commands, variables, reason) => {
    await create({commands}, variables);
    const {output, status} = await boot();
    expect(output).toContain(`power off: ${reason}`);
    expect(status).toBe(1);
    expect(machine.read('jit-seen')).toBeUndefined();
    expect(machine.poweredOff()).toBe(true);
  });

  it('powers off when it brings no JIT config', async () => {
    await create({}, {SLIPWAY_JITCONFIG: ''});
    const {output, status} = await boot();
    expect(output).toContain('power off: no JIT config: expected it in the variable SLIPWAY_JITCONFIG');
    expect(status).toBe(1);
    expect(machine.poweredOff()).toBe(true);
  });

  it('never shows the JIT config, and gives it to nobody but the runner', async () => {
    await create({run: `${ONE_JOB}\necho "jitconfig is $ACTIONS_RUNNER_INPUT_JITCONFIG"`});
    const {output} = await boot();
    expect(output).toContain('jitconfig is ***');
    expect(output).not.toContain(JIT_CONFIG);
    expect(machine.read('environment')).not.toContain('SLIPWAY_JITCONFIG');
    expect(machine.read('command-lines')).toContain('part-001');
    expect(machine.read('command-lines')).not.toContain(JIT_CONFIG);
    expect(machine.read('calls')).not.toContain(JIT_CONFIG);
  });

  it('leaves the JIT config in no file that others than root can read', async () => {
    await create();
    for (const path of KEPT_BY_CLOUD_INIT) chmodSync(join(machine.root, path), 0o755);
    expect(readableWith(JIT_CONFIG, machine.root).sort()).toEqual(KEPT_BY_CLOUD_INIT.toSorted());
    await boot();
    expect(readableWith(JIT_CONFIG, machine.root)).toEqual([]);
  });

  it('goes on in a service of its own, from a copy that only root can read and that is gone before the runner starts', async () => {
    await create();
    mkdirSync(join(machine.root, 'run/systemd/system'), {recursive: true});
    expect((await boot()).status).toBe(0);
    expect(machine.calls()).toEqual([
      TIMER,
      'systemctl daemon-reload',
      'systemctl start --no-block slipway-runner.service',
    ]);
    const copy = 'usr/local/lib/slipway/startup.sh';
    expect(machine.read(copy)).toContain(JIT_CONFIG);
    expect(statSync(join(machine.root, copy)).mode & 0o777).toBe(0o700);

    const {output} = await machine.boot(join(machine.root, copy), '--run');
    expect(output).toContain('power off: the runner has run its job');
    expect(machine.read('jit-seen')).toBe(JIT_CONFIG);
    expect(machine.read(copy)).toBeUndefined();
    expect(machine.calls().filter((call) => call === TIMER)).toHaveLength(1);
  });

  it('interrupts the runner at the notice of a spot VM, and leaves the end to EC2, which then tells of the interruption', async () => {
    const sleep = '[[ $1 != 130 ]] || exit 0; exec /bin/sleep "$1"';
    await create({run: WAIT_FOR_INTERRUPT, commands: {sleep}});
    machine.start(script);
    await machine.said('Listening for Jobs');
    machine.server.imds.interrupt();
    const {output, status} = await machine.ended();
    expect(output).toContain('the spot VM is being preempted; the runner is told to end and has 20 s');
    expect(output).toContain('interrupted\n');
    expect(output).toContain('power off: the spot VM is being preempted');
    expect(status).toBe(0);
    expect(machine.calls().filter((call) => /^(sleep 130|poweroff)/.test(call))).toEqual(['sleep 130', 'poweroff ']);
  });

  it('runs the job although the metadata service has no answer', async () => {
    await create();
    machine.server.imds.values.clear();
    const {output} = await boot();
    expect(output).toMatch(/starting on \S+ as slipway-linux-ec2-44200000894-1/);
    expect(output).toContain('power off: the runner has run its job');
  });

  it('takes its settings from variables', async () => {
    await create({run: WAIT_FOR_INTERRUPT}, {SLIPWAY_IDLE_SECONDS: '1', SLIPWAY_DOCKER: 'true'});
    expect((await boot()).output).toContain('power off: no job for 1 s');
    expect(machine.calls()).toContain('systemctl start docker');
  });

  it('blocks the metadata service at both of its addresses before the runner starts', async () => {
    await create();
    await boot();
    expect(machine.read('nft-rules')).toContain('{ 169.254.169.254 }');
    expect(machine.read('nft-rules')).toContain('fd00:ec2::254');
  });

  it('bakes an image without a question to the metadata service', async () => {
    await create();
    const {status, output} = await machine.boot(script, '--bake');
    expect(output).toContain('baked');
    expect(status).toBe(0);
    expect(machine.server.requests.filter((path) => !path.startsWith('/releases/'))).toEqual([]);
    expect(machine.poweredOff()).toBe(false);
  });
});

/** Paths below the folder of files that contain the text, and that everybody can read. */
function readableWith(text: string, folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), {withFileTypes: true}).flatMap((entry) => {
    const path = join(below, entry.name);
    const open = statSync(join(folder, path), {throwIfNoEntry: false});
    if (entry.isDirectory()) return open && open.mode & 0o001 ? readableWith(text, folder, path) : [];
    const isReadable = entry.isFile() && open && open.mode & 0o004;
    return isReadable && readFileSync(join(folder, path), 'utf8').includes(text) ? [path] : [];
  });
}
