import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describeScripts} from './describe-scripts';
import {Machine} from './machine';
import {COMPLETED, LISTENING, RUNNING, WAIT_FOR_INTERRUPT} from './runner-package';

const TOKEN = 'AREGISTRATIONTOKEN';
const FIRST_BOOT = {
  'slipway-registration-token': TOKEN,
  'slipway-github-url': 'https://github.com/acme/app',
  'slipway-labels': 'gpu,large',
  'slipway-min-free-gb': '0',
};

describeScripts('the startup script of a persistent runner', () => {
  let machine: Machine;
  const create = async (run = WAIT_FOR_INTERRUPT, attributes: Record<string, string> = FIRST_BOOT) => {
    machine = await Machine.create({run, attributes});
  };
  const bootUntilShutdown = async () => {
    machine.start('persistent.sh');
    await machine.said('Listening for Jobs');
    machine.signal('SIGTERM');
    return await machine.ended();
  };
  const registrations = () => machine.calls().filter((call) => call.startsWith('config.sh'));
  afterEach(() => machine.destroy());

  it('registers the runner under the name of the VM, and ends it gracefully when the VM stops', async () => {
    await create();
    const {output, status} = await bootUntilShutdown();
    expect(registrations()).toEqual([
      'config.sh --unattended --replace --url https://github.com/acme/app --name vm-1 --work _work --labels gpu,large',
    ]);
    expect(output).toContain('registered as vm-1');
    expect(output).toContain('interrupted\n');
    expect(output).toContain('no runner any more: the VM is shutting down');
    expect(status).toBe(0);
    expect(machine.poweredOff()).toBe(false);
  });

  it('does not register again at the next boot, when the token is long dead', async () => {
    await create();
    await bootUntilShutdown();
    machine.server.attributes.set('slipway-registration-token', 'expired');
    machine.server.releases.clear();
    const {output} = await bootUntilShutdown();
    expect(output).toContain('already registered');
    expect(registrations()).toHaveLength(1);
  });

  it('hands the token to the runner’s configuration alone, and never shows it', async () => {
    await create();
    const {output} = await bootUntilShutdown();
    expect(machine.read('token-seen')).toBe(TOKEN);
    expect(output).toContain('registering with ***');
    expect(output).not.toContain(TOKEN);
    expect(machine.read('command-lines')).toContain('persistent.sh');
    expect(machine.read('command-lines')).not.toContain(TOKEN);
    expect(machine.read('calls')).not.toContain(TOKEN);
  });

  it('does not hand it to the runner', async () => {
    await create(`env >"$SLIPWAY_ROOT/environment"\n${WAIT_FOR_INTERRUPT}`);
    await bootUntilShutdown();
    const hook = `${machine.root}/usr/local/lib/slipway/job-started.sh`;
    expect(machine.read('environment')).toContain(`ACTIONS_RUNNER_HOOK_JOB_STARTED=${hook}\n`);
    expect(machine.read('environment')).not.toContain(TOKEN);
  });

  it('blocks the metadata server before the runner starts', async () => {
    await create();
    await bootUntilShutdown();
    const calls = machine.calls();
    expect(calls.indexOf('nft --file -')).toBeGreaterThan(-1);
    expect(calls.indexOf('nft --file -')).toBeLessThan(calls.findIndex((call) => call.startsWith('setpriv')));
  });

  it.each([
    [
      'without a token',
      {...FIRST_BOOT, 'slipway-registration-token': ''},
      'not registered: expected the metadata attributes',
    ],
    [
      'with a dead token',
      {...FIRST_BOOT, 'slipway-registration-token': 'expired'},
      'the registration failed with exit status 1',
    ],
  ])('says so when it cannot register %s, and leaves the VM on', async (_case, attributes, reason) => {
    await create(WAIT_FOR_INTERRUPT, attributes);
    const {output, status} = await machine.boot('persistent.sh');
    expect(output).toContain(`no runner any more: ${reason}`);
    expect(status).toBe(1);
    expect(machine.poweredOff()).toBe(false);
  });

  it('removes what the last boot’s jobs left, but not the tool cache', async () => {
    await create();
    await bootUntilShutdown();
    const work = join(machine.root, 'opt/actions-runner/_work');
    for (const folder of ['app/app', '_temp', '_tool']) mkdirSync(join(work, folder), {recursive: true});
    for (const file of ['app/app/left', '_temp/left', '_tool/node']) writeFileSync(join(work, file), '');
    await bootUntilShutdown();
    expect(machine.read('opt/actions-runner/_work/app/app/left')).toBeUndefined();
    expect(machine.read('opt/actions-runner/_work/_temp/left')).toBeUndefined();
    expect(machine.read('opt/actions-runner/_work/_tool/node')).toBe('');
  });

  it('runs the boot script at each boot, before the runner is registered', async () => {
    await create(WAIT_FOR_INTERRUPT, {
      ...FIRST_BOOT,
      'slipway-boot-script': 'echo "boot after $(grep -c ^config.sh "$SLIPWAY_ROOT/calls")" >>"$SLIPWAY_ROOT/boots"',
    });
    await bootUntilShutdown();
    await bootUntilShutdown();
    expect(machine.read('boots')).toBe('boot after 0\nboot after 1\n');
  });

  it('starts no runner when the boot script fails, and leaves the VM on', async () => {
    await create(WAIT_FOR_INTERRUPT, {...FIRST_BOOT, 'slipway-boot-script': 'exit 3'});
    const {output, status} = await machine.boot('persistent.sh');
    expect(output).toContain('no runner any more: the boot script ended with status 3');
    expect([status, machine.poweredOff()]).toEqual([1, false]);
  });

  it('runs the operator’s hooks around each job, the first one after its own has cleaned up', async () => {
    const left = '"$SLIPWAY_ROOT/opt/actions-runner/_work/app/app/left"';
    await create(
      `mkdir -p "$(dirname ${left})"; touch ${left}
       bash "$ACTIONS_RUNNER_HOOK_JOB_STARTED"
       bash "$ACTIONS_RUNNER_HOOK_JOB_COMPLETED"
       ${WAIT_FOR_INTERRUPT}`,
      {
        ...FIRST_BOOT,
        'slipway-hook-job-started': `[[ -e ${left} ]] || echo started, clean >>"$SLIPWAY_ROOT/order"`,
        'slipway-hook-job-completed': 'echo completed >>"$SLIPWAY_ROOT/order"',
      },
    );
    await bootUntilShutdown();
    expect(machine.read('order')).toBe('started, clean\ncompleted\n');
  });

  it('forgets a hook whose attribute is gone', async () => {
    await create(`bash "$ACTIONS_RUNNER_HOOK_JOB_STARTED"\n${WAIT_FOR_INTERRUPT}`, {
      ...FIRST_BOOT,
      'slipway-hook-job-started': 'echo started >>"$SLIPWAY_ROOT/order"',
    });
    await bootUntilShutdown();
    machine.server.attributes.delete('slipway-hook-job-started');
    await bootUntilShutdown();
    expect(machine.read('order')).toBe('started\n');
  });

  it('does not start a runner on a full disk', async () => {
    await create(WAIT_FOR_INTERRUPT, {...FIRST_BOOT, 'slipway-min-free-gb': '100000000'});
    const {output, status} = await machine.boot('persistent.sh');
    expect(output).toMatch(/the runner is not started: found \d+ GB free on .+, expected at least 100000000/);
    expect(status).toBe(1);
  });

  it('takes the runner offline after a job whose hook asked for it, not before', async () => {
    await create(`
      trap 'echo interrupted; exit 0' INT
      ${LISTENING}
      ${RUNNING}
      "$PWD/bin/Runner.Worker" 0.3 "$SLIPWAY_OFFLINE_FLAG"
      ${COMPLETED}
      while true; do sleep 0.02; done`);
    const {output} = await machine.boot('persistent.sh');
    expect(output).toMatch(/worker ends[\s\S]*a job's hook took the runner offline[\s\S]*interrupted/);
    expect(machine.poweredOff()).toBe(false);
  });

  it('goes on in a service of its own where systemd runs', async () => {
    await create();
    mkdirSync(join(machine.root, 'run/systemd/system'), {recursive: true});
    await machine.boot('persistent.sh');
    const unit = machine.read('run/systemd/system/slipway-runner.service');
    expect(unit).toContain('/slipway/persistent.sh --run\n');
    expect(unit).toContain('OOMPolicy=continue\n');
    expect(unit).toContain('Restart=on-abnormal\n');
  });
});
