import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {describeScripts} from './describe-scripts';
import {JIT_CONFIG, Machine, type MachineOptions} from './machine';
import {COMPLETED, LISTENING, RUNNING} from './runner-package';

const ONE_JOB = `
printf '%s' "$ACTIONS_RUNNER_INPUT_JITCONFIG" >"$SLIPWAY_ROOT/jit-seen"
${LISTENING}
${RUNNING}
${COMPLETED}`;

const PREPARED = 'the standby machine is prepared; it waits for its JIT config';

describeScripts('the startup script of a standby machine', () => {
  let machine: Machine;
  const create = async (hold: string, options: Partial<MachineOptions> = {}) => {
    const attributes = {'slipway-standby': hold, ...options.attributes};
    machine = await Machine.create({run: ONE_JOB, ...options, attributes});
    return machine;
  };
  const claim = () => machine.server.attributes.set('slipway-jit-config', JIT_CONFIG);
  afterEach(() => machine.destroy());

  it('to be held stopped installs and warms up the runner, reports that it is ready, and powers off', async () => {
    await create('stopped');
    const {status, output} = await machine.boot('startup.sh');
    expect(output).toContain('power off: the standby machine is prepared');
    expect(status).toBe(0);
    expect(machine.calls()).toContain('Runner.Listener warmup');
    expect(machine.server.guestAttributes.get('slipway/standby')).toBe('ready');
    expect(machine.poweredOff()).toBe(true);
    expect(machine.read('jit-seen')).toBeUndefined();
  });

  it('started with a JIT config runs the runner that it has installed before', async () => {
    await create('stopped');
    await machine.boot('startup.sh');
    machine.server.releases.clear();
    claim();
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain('the image has the runner');
    expect(output).toContain('power off: the runner has run its job');
    expect(machine.read('jit-seen')).toBe(JIT_CONFIG);
    expect(machine.calls().filter((call) => call === 'Runner.Listener warmup')).toHaveLength(1);
  });

  it('started before its JIT config is there waits for it', async () => {
    await create('stopped');
    await machine.boot('startup.sh');
    machine.start('startup.sh');
    await machine.said('the image has the runner');
    claim();
    expect((await machine.ended()).output).toContain('power off: the runner has run its job');
    expect(machine.read('jit-seen')).toBe(JIT_CONFIG);
  });

  it('to be held suspended reports that it is ready, stays on, and goes on with the JIT config when that comes', async () => {
    await create('suspended');
    machine.start('startup.sh');
    await machine.said(PREPARED);
    expect(machine.server.guestAttributes.get('slipway/standby')).toBe('ready');
    expect(machine.calls().join('\n')).not.toMatch(/poweroff|run\.sh/);
    claim();
    const {output, status} = await machine.ended();
    expect(output).toContain('power off: the runner has run its job');
    expect(output).toMatch(/slipway: wake-seconds listener=\d+\.\d\d vm=\S+\n/);
    expect(output).not.toContain(JIT_CONFIG);
    expect(status).toBe(0);
  });

  it('keeps jobs from the metadata server before it reports', async () => {
    await create('stopped', {commands: {nft: 'exit 1'}});
    await machine.boot('startup.sh');
    expect(machine.server.guestAttributes.get('slipway/standby')).toMatch(/^failed: nftables refused the rules/);
    expect(machine.poweredOff()).toBe(true);
  });

  it('reports why it could not prepare itself', async () => {
    await create('suspended');
    machine.server.releases.clear();
    const {status} = await machine.boot('startup.sh');
    expect(status).toBe(1);
    expect(machine.server.guestAttributes.get('slipway/standby')).toMatch(
      /^failed: the runner could not be downloaded/,
    );
  });

  it('powers off, and says why, where it may not report', async () => {
    await create('suspended');
    machine.server.forbidGuestAttributes();
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain('is there an organisation policy against guest attributes?');
    expect(machine.poweredOff()).toBe(true);
  });

  it('powers off when no JIT config comes, whatever else changes', async () => {
    await create('suspended');
    machine.start('startup.sh');
    await machine.said(PREPARED);
    machine.server.attributes.set('ssh-keys', 'somebody');
    const {output, status} = await machine.ended();
    expect(output).toContain('power off: no JIT config came in 100 tries');
    expect(status).toBe(1);
    expect(machine.poweredOff()).toBe(true);
  });

  it('waits through a metadata server that does not answer for a while', async () => {
    await create('suspended');
    machine.start('startup.sh');
    await machine.said(PREPARED);
    machine.server.failNext(5);
    claim();
    expect((await machine.ended()).output).toContain('power off: the runner has run its job');
  });

  it('sets a clock that is behind before the runner talks to GitHub', async () => {
    const date = `case "$*" in *--set*) ;; +%s) echo 1000000000 ;; *) exec /bin/date "$@" ;; esac`;
    await create('suspended', {commands: {date, chronyc: ''}});
    machine.start('startup.sh');
    await machine.said(PREPARED);
    claim();
    expect((await machine.ended()).output).toMatch(/slipway: the clock was \d{8,} s off and is set/);
    const calls = machine.calls();
    const set = calls.findIndex((call) => call.startsWith('date --utc --set @'));
    expect(calls.findIndex((call) => call.endsWith('./run.sh'))).toBeGreaterThan(set);
    expect(set).toBeGreaterThan(0);
    expect(calls).toContain('chronyc makestep');
  });

  it('leaves a clock alone that is right', async () => {
    await create('suspended');
    machine.start('startup.sh');
    await machine.said(PREPARED);
    claim();
    expect((await machine.ended()).output).not.toContain('the clock');
  });

  it('has the images of the template pulled before it is ready, as far as they are there', async () => {
    const docker = `[[ $* != *missing* ]]`;
    const attributes = {'slipway-docker': 'true', 'slipway-images': 'node:24 ghcr.io/acme/missing,postgres:18'};
    await create('stopped', {commands: {docker}, attributes});
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain('pulled node:24');
    expect(output).toContain('ghcr.io/acme/missing could not be pulled');
    expect(output).toContain('pulled postgres:18');
    expect(machine.server.guestAttributes.get('slipway/standby')).toBe('ready');
  });
});

describeScripts('the times of a boot', () => {
  let machine: Machine;
  afterEach(() => machine.destroy());

  it('are one line, in seconds since the kernel started, when the runner listens', async () => {
    machine = await Machine.create({run: `${LISTENING}\n${ONE_JOB}`});
    machine.server.attributes.set('slipway-jit-config', JIT_CONFIG);
    const {output} = await machine.boot('startup.sh');
    const lines = output.split('\n').filter((line) => line.includes('boot-seconds'));
    expect(lines).toEqual([
      expect.stringMatching(/ slipway: boot-seconds metadata=\d+\.\d\d runner=\d+\.\d\d listener=\d+\.\d\d vm=\S+$/),
    ]);
    const [metadata = 0, runner = 0, listener = 0] = [...(lines[0] ?? '').matchAll(/=([\d.]+)/g)].map((match) =>
      Number(match[1]),
    );
    expect(metadata).toBeGreaterThan(0);
    expect(runner).toBeGreaterThanOrEqual(metadata);
    expect(listener).toBeGreaterThanOrEqual(runner);
  });

  it('begin with what systemd knows of the kernel and the network', async () => {
    const systemctl = `case "$*" in
      *UserspaceTimestampMonotonic*) echo 2340000 ;;
      *ActiveEnterTimestampMonotonic*) echo 5070000 ;;
      *start*) exit 1 ;;
    esac`;
    machine = await Machine.create({run: ONE_JOB, commands: {systemctl}});
    mkdirSync(join(machine.root, 'run/systemd/system'), {recursive: true});
    machine.server.attributes.set('slipway-jit-config', JIT_CONFIG);
    expect((await machine.boot('startup.sh')).output).toMatch(
      /boot-seconds kernel=2\.34 network=5\.07 metadata=\d+\.\d\d runner=/,
    );
  });
});
