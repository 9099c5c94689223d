import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {findCommand, writeProgram} from './commands';
import {describeIfPossible, describeScripts} from './describe-scripts';
import {JIT_CONFIG, Machine} from './machine';
import {COMPLETED, RUNNING, WAIT_FOR_INTERRUPT} from './runner-package';

const TOKEN = 'AREGISTRATIONTOKEN';
const PERSISTENT = {
  'slipway-registration-token': TOKEN,
  'slipway-github-url': 'https://github.com/acme/app',
  'slipway-min-free-gb': '0',
  'slipway-jit-config': JIT_CONFIG,
};
const NOBODY = 65534;

/** What a job leaves in the folder of the runner, and elsewhere, and what root does about it at the next boot. */
let machine: Machine;
const create = async (commands: Record<string, string> = {}, attributes: Record<string, string> = {}) => {
  machine = await Machine.create({run: WAIT_FOR_INTERRUPT, attributes: {...PERSISTENT, ...attributes}, commands});
};
const at = (path: string) => join(machine.root, path);
const folder = (path: string) => mkdirSync(at(path), {recursive: true});
const bootUntilShutdown = async (...args: string[]) => {
  machine.start('persistent.sh', ...args);
  await machine.said('Listening for Jobs');
  machine.signal('SIGTERM');
  return await machine.ended();
};

describeScripts('what a job left, at the next boot of a persistent VM,', () => {
  afterEach(() => machine.destroy());

  it('gets no registration token: a folder that lost its registration is replaced', async () => {
    await create();
    await bootUntilShutdown();
    rmSync(at('opt/actions-runner/.runner'));
    writeProgram(at('opt/actions-runner/config.sh'), 'echo "$ACTIONS_RUNNER_INPUT_TOKEN" >"$SLIPWAY_ROOT/stolen"');
    const {output} = await bootUntilShutdown();
    expect(output).toContain('has lost its registration; what is in it is not trusted, and replaced');
    expect(output).toContain('registered as vm-1');
    expect(machine.read('stolen')).toBeUndefined();
  });

  it('does not stop the boot with a folder in place of the file that the hook makes', async () => {
    await create();
    await bootUntilShutdown();
    folder('opt/actions-runner/.slipway-offline/x');
    expect((await bootUntilShutdown()).output).toContain('the runner is started');
    expect(existsSync(at('opt/actions-runner/.slipway-offline'))).toBe(false);
  });

  it('is not cleared away beyond the work folder, where that is a link', async () => {
    await create({}, {'slipway-docker': 'true'});
    await bootUntilShutdown();
    folder('elsewhere/precious');
    symlinkSync(at('elsewhere'), at('opt/actions-runner/_work'));
    await bootUntilShutdown();
    expect(existsSync(at('elsewhere/precious'))).toBe(true);
  });

  it('meets the rules about the metadata server before anything of it can start', async () => {
    await create();
    folder('run/systemd/system');
    await bootUntilShutdown('--run');
    expect(machine.calls()[0]).toBe('nft --file -');
    expect(machine.read('usr/local/lib/slipway/metadata.nft')).toBe(machine.read('nft-rules'));
    const unit = machine.read('etc/systemd/system/slipway-metadata.service') ?? '';
    for (const line of [
      'DefaultDependencies=no',
      'After=nftables.service',
      'Before=network-pre.target sysinit.target shutdown.target',
      `ExecStart=${at('path/nft')} --file ${at('usr/local/lib/slipway/metadata.nft')}`,
      'WantedBy=sysinit.target',
    ])
      expect(unit).toContain(`${line}\n`);
    expect(machine.calls()).toContain('systemctl enable slipway-metadata.service');
  });

  it('does not start by itself: no crontab, no linger', async () => {
    await create();
    folder('run/systemd/system');
    for (const path of ['etc', 'var/spool/cron/crontabs', 'var/lib/systemd/linger']) folder(path);
    writeFileSync(at('etc/at.deny'), 'daemon\n');
    writeFileSync(at('var/spool/cron/crontabs/runner'), '@reboot curl http://169.254.169.254/\n');
    writeFileSync(at('var/lib/systemd/linger/runner'), '');
    await bootUntilShutdown('--run');
    await bootUntilShutdown('--run');
    expect(machine.read('etc/cron.deny')).toBe('runner\n');
    expect(machine.read('etc/at.deny')).toBe('daemon\nrunner\n');
    expect(machine.read('var/spool/cron/crontabs/runner')).toBeUndefined();
    expect(machine.read('var/lib/systemd/linger/runner')).toBeUndefined();
    expect(machine.calls()).toContain('systemctl mask --now user@1001.service');
  });

  it('keeps the runner from being started where systemd does not take these', async () => {
    await create({systemctl: 'exit 1'});
    folder('run/systemd/system');
    const {output, status} = await machine.boot('persistent.sh', '--run');
    expect(output).toContain('no runner any more: systemd did not take what keeps the runner from the metadata server');
    expect(status).toBe(1);
    expect(output).not.toContain('Listening for Jobs');
  });
});

const analyze = findCommand('systemd-analyze');
describeIfPossible(analyze ? undefined : 'systemd-analyze is not here', 'the check of the units by systemd')(
  'systemd',
  () => {
    afterEach(() => machine.destroy());
    const verify = (unit: string) => spawnSync(analyze ?? '', ['verify', at(unit)], {encoding: 'utf8'}).stderr;

    it.each([
      ['persistent.sh', '--run', 'etc/systemd/system/slipway-metadata.service'],
      ['persistent.sh', '', 'run/systemd/system/slipway-runner.service'],
      ['startup.sh', '', 'run/systemd/system/slipway-runner.service'],
    ])('understands the unit that %s %s writes', async (script, argument, unit) => {
      await create();
      folder('run/systemd/system');
      if (argument) await bootUntilShutdown(argument);
      else await machine.boot(script);
      expect(machine.read(unit)).toContain('[Service]');
      expect(verify(unit)).not.toContain(machine.root);
    });
  },
);

const setpriv = findCommand('setpriv');
const chown = findCommand('chown');
const whyNot =
  !setpriv || !chown ? 'setpriv or chown is not here' : process.getuid?.() === 0 ? undefined : 'they want root';

describeIfPossible(whyNot, 'the tests of what root reads and removes')(
  'root, on a VM with jobs of another user,',
  () => {
    const asNobody = {
      setpriv: `while [[ $1 != -- ]]; do shift; done
      exec ${setpriv} --reuid ${NOBODY} --regid ${NOBODY} --clear-groups "$@"`,
      chown: `exec ${chown} -R ${NOBODY}:${NOBODY} "$3"`,
    };
    const createReal = async (attributes: Record<string, string> = {}) => {
      await create(asNobody, attributes);
      chmodSync(machine.root, 0o755);
      for (const file of ['calls', 'token-seen', 'command-lines']) {
        writeFileSync(at(file), '');
        chmodSync(at(file), 0o666);
      }
    };
    const own = (path: string) => spawnSync(chown ?? '', ['-Rh', `${NOBODY}:${NOBODY}`, at(path)]);
    afterEach(() => machine.destroy());

    it.each([
      ['that only root can read', '9.9.9\n', 0o600],
      ['that is no version', 'the password\n', 0o644],
    ])('does not print a file %s, to which the version of the runner is a link', async (_case, content, mode) => {
      await createReal();
      folder('opt/actions-runner');
      writeProgram(at('opt/actions-runner/run.sh'), `${RUNNING}\n${COMPLETED}`);
      writeFileSync(at('root-only'), content);
      chmodSync(at('root-only'), mode);
      symlinkSync(at('root-only'), at('opt/actions-runner/.slipway-version'));
      own('opt/actions-runner');
      const {output} = await machine.boot('startup.sh');
      expect(output).toContain('the image has the runner (version unknown)');
      expect(output).not.toContain(content.trim());
    });

    it.each([
      ['leaves what others own in the work folder where there is no Docker', 'false', true],
      ['removes what containers left there', 'true', false],
    ])('%s', async (_case, docker, stays) => {
      await createReal({'slipway-docker': docker});
      await bootUntilShutdown();
      folder('opt/actions-runner/_work/app');
      folder('opt/actions-runner/_work/lib');
      own('opt/actions-runner/_work');
      writeFileSync(at('opt/actions-runner/_work/lib/of-the-user'), '');
      folder('opt/actions-runner/_work/app/of-root/deep');
      await bootUntilShutdown();
      expect(existsSync(at('opt/actions-runner/_work/lib'))).toBe(false);
      expect(existsSync(at('opt/actions-runner/_work/app/of-root/deep'))).toBe(stays);
    });
  },
);
