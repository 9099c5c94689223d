import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describeScripts} from './describe-scripts';
import {JIT_CONFIG, Machine, type MachineOptions} from './machine';
import {COMPLETED, LISTENING, RUNNING} from './runner-package';

const ONE_JOB = `
printf '%s' "$ACTIONS_RUNNER_INPUT_JITCONFIG" >"$SLIPWAY_ROOT/jit-seen"
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >"$SLIPWAY_ROOT/command-lines"
${LISTENING}
${RUNNING}
${COMPLETED}`;

describeScripts('the startup script of an ephemeral runner', () => {
  let machine: Machine;
  const create = async (options: Partial<MachineOptions> = {}) => {
    machine = await Machine.create({run: ONE_JOB, ...options});
    machine.server.attributes.set('slipway-jit-config', JIT_CONFIG);
    return machine;
  };
  afterEach(() => machine.destroy());

  it('runs the runner for one job, shows its lines and powers off', async () => {
    await create();
    const {status, output} = await machine.boot('startup.sh');
    expect(output).toContain('Running job: build');
    expect(output).toContain('power off: the runner has run its job');
    expect(status).toBe(0);
    expect(machine.read('jit-seen')).toBe(JIT_CONFIG);
    expect(machine.poweredOff()).toBe(true);
  });

  it('blocks the metadata server before the runner starts', async () => {
    await create();
    await machine.boot('startup.sh');
    const calls = machine.calls();
    const runner = calls.findIndex((call) => call.startsWith('setpriv') && call.endsWith('./run.sh'));
    expect(runner).toBeGreaterThan(calls.indexOf('nft --file -'));
    expect(calls[runner]).toContain('--reuid runner');
    expect(machine.read('nft-rules')).toContain('169.254.169.254');
    expect(machine.read('nft-rules')).toContain('fd20:ce::254');
    expect(machine.read('nft-rules')).toContain('fd00:ec2::254');
  });

  it('does not start the runner without that block', async () => {
    await create({commands: {nft: 'exit 1'}});
    const {output, status} = await machine.boot('startup.sh');
    expect(output).toContain('power off: nftables refused the rules');
    expect(status).toBe(1);
    expect(machine.read('jit-seen')).toBeUndefined();
    expect(machine.poweredOff()).toBe(true);
  });

  it('powers off when there is no JIT config', async () => {
    await create();
    machine.server.attributes.delete('slipway-jit-config');
    const {output, status} = await machine.boot('startup.sh');
    expect(output).toContain('power off: no JIT config: expected it in the metadata attribute slipway-jit-config');
    expect(status).toBe(1);
    expect(machine.poweredOff()).toBe(true);
  });

  it('waits for a metadata server that is late', async () => {
    await create();
    machine.server.failNext(5);
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain('answered 503 for instance/attributes/slipway-jit-config (try 5 of 30)');
    expect(output).toContain('power off: the runner has run its job');
  });

  it('powers off when the metadata server stays away', async () => {
    await create();
    machine.server.failNext(1000);
    const {output, status} = await machine.boot('startup.sh');
    expect(output).toContain('power off: no JIT config: the metadata server did not answer in 30 tries');
    expect(status).toBe(1);
    expect(machine.poweredOff()).toBe(true);
  });

  it('never shows the JIT config, neither in its output, even if the runner does, nor on a command line', async () => {
    await create({run: `${ONE_JOB}\necho "jitconfig is $ACTIONS_RUNNER_INPUT_JITCONFIG"`});
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain('jitconfig is ***');
    expect(output).not.toContain(JIT_CONFIG);
    expect(machine.read('command-lines')).toContain('startup.sh');
    expect(machine.read('command-lines')).not.toContain(JIT_CONFIG);
    expect(machine.read('calls')).not.toContain(JIT_CONFIG);
  });

  it('writes to the serial console where there is one', async () => {
    await create();
    writeFileSync(join(machine.root, 'dev/ttyS0'), '');
    const {output} = await machine.boot('startup.sh');
    expect(output).toBe('');
    expect(machine.read('dev/ttyS0')).toContain('Running job: build');
    expect(machine.read('dev/ttyS0')).toContain('power off: the runner has run its job');
  });

  it('goes on when the serial console hangs up', async () => {
    await create({run: `cd "$SLIPWAY_ROOT/dev"; ln -s /no/such/port new; mv -T new ttyS0\n${ONE_JOB}`});
    writeFileSync(join(machine.root, 'dev/ttyS0'), '');
    const {output, status} = await machine.boot('startup.sh');
    expect(output).toContain('power off: the runner has run its job');
    expect(status).toBe(0);
  });

  it('shows the end of the runner’s own logs, without control characters', async () => {
    await create({
      attributes: {'slipway-diag-lines': '2'},
      run: `mkdir _diag; printf 'one\\ntwo\\e[2Jwo\\nthree\\n' >_diag/Runner_1.log\n${ONE_JOB}`,
    });
    const {output} = await machine.boot('startup.sh');
    expect(output).toMatch(/== the last 2 lines of .*_diag\/Runner_1.log\nrunner: two \[2Jwo\nrunner: three\n/);
  });

  it.each([
    [
      'a megabyte of control characters',
      `head -c 1000000 /dev/zero | tr '\\0' '\\001' >_diag/Worker_1.log; echo >>_diag/Worker_1.log`,
    ],
    ['an endless file', `ln -s /dev/zero _diag/Worker_1.log`],
  ])(
    'is not held up by %s among them',
    async (_, leave) => {
      await create({run: `mkdir _diag; ${leave}\n${ONE_JOB}`});
      const {output, status} = await machine.boot('startup.sh');
      expect(output).toContain('power off: the runner has run its job');
      expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThan(5_000);
      expect(status).toBe(0);
      expect(machine.poweredOff()).toBe(true);
    },
    60_000,
  );

  it('is not held up by a reader of them that a process of the job has stopped', async () => {
    // A stopped `timeout` ends nothing. It stops itself, so that no second process has to find it in time; a VM that is off ends it.
    const timeout = `echo $$ >"$SLIPWAY_ROOT/stopped"; kill -STOP $$`;
    const poweroff = `cd "$SLIPWAY_ROOT"; until grep --silent '^State:.T' "/proc/$(<stopped)/status"; do sleep 0.05; done
      kill -KILL "$(<stopped)"; echo ended >reader`;
    await create({commands: {timeout, poweroff}, run: `mkdir _diag; echo one >_diag/Runner_1.log\n${ONE_JOB}`});
    const {output, status} = await machine.boot('startup.sh');
    expect(machine.read('reader')).toBe('ended\n');
    expect(output).toContain('power off: the runner has run its job');
    expect(status).toBe(0);
    expect(machine.poweredOff()).toBe(true);
  }, 60_000);

  it('goes on in a service of its own where systemd runs', async () => {
    await create();
    mkdirSync(join(machine.root, 'run/systemd/system'), {recursive: true});
    const {status} = await machine.boot('startup.sh');
    expect(status).toBe(0);
    expect(machine.calls()).toEqual(['systemctl daemon-reload', 'systemctl start --no-block slipway-runner.service']);
    const unit = machine.read('run/systemd/system/slipway-runner.service');
    expect(unit).toContain('OOMPolicy=continue\n');
    expect(unit).toContain('FailureAction=poweroff\n');
    expect(unit).toContain(`ExecStart=${machine.root}/usr/local/lib/slipway/startup.sh --run\n`);
    expect(machine.read('usr/local/lib/slipway/startup.sh')).toContain('slipway-jit-config');
  });

  it('runs in place when systemd does not take the service', async () => {
    await create({commands: {systemctl: 'exit 1'}});
    mkdirSync(join(machine.root, 'run/systemd/system'), {recursive: true});
    expect((await machine.boot('startup.sh')).output).toContain('power off: the runner has run its job');
    expect(machine.poweredOff()).toBe(true);
  });
});
