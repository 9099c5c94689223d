import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {writeProgram} from './commands';
import {describeScripts} from './describe-scripts';
import {ARCHITECTURE, JIT_CONFIG, Machine, releasePath} from './machine';
import {COMPLETED, pinnedVersion, RUNNING} from './runner-package';

const CHECKSUM = `slipway-runner-sha256-${ARCHITECTURE}`;

describeScripts('the runner’s package', () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await Machine.create({run: `${RUNNING}\n${COMPLETED}`});
    machine.server.attributes.set('slipway-jit-config', JIT_CONFIG);
  });
  afterEach(() => machine.destroy());

  const expectNoRunner = ({output, status}: {output: string; status: number | null}, reason: RegExp) => {
    expect(output).toMatch(reason);
    expect(status).toBe(1);
    expect(machine.poweredOff()).toBe(true);
    expect(output).not.toContain('Running job');
  };

  it('is downloaded in the pinned version, with its dependencies, for a user of its own', async () => {
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain(`runner ${pinnedVersion()} installed`);
    expect(machine.calls()).toEqual(
      expect.arrayContaining([
        'useradd --create-home --shell /bin/bash runner',
        'dependencies',
        `chown -R runner:runner ${machine.root}/opt/actions-runner`,
      ]),
    );
  });

  it('is tried five times, then the machine powers off', async () => {
    machine.server.releases.clear();
    const boot = await machine.boot('startup.sh');
    expectNoRunner(boot, /power off: the runner could not be downloaded: the VM needs to reach github.com/);
    expect(machine.server.requests.filter((path) => path.startsWith('/releases/'))).toHaveLength(5);
  });

  it('is not run when its checksum is wrong', async () => {
    machine.server.attributes.set(CHECKSUM, '0'.repeat(64));
    expectNoRunner(
      await machine.boot('startup.sh'),
      /power off: the checksum of .* is wrong: expected 0{64}, found [0-9a-f]{64}/,
    );
    expect(machine.read('opt/actions-runner/run.sh')).toBeUndefined();
  });

  it('has the pinned checksum by default', async () => {
    machine.server.attributes.delete(CHECKSUM);
    expectNoRunner(await machine.boot('startup.sh'), /is wrong: expected (af4b794c|628b4a72)/);
  });

  it('may be another version, with its checksum', async () => {
    machine.server.attributes.set('slipway-runner-version', '3.1.4');
    machine.server.releases.set(
      releasePath('3.1.4'),
      machine.server.releases.get(releasePath(pinnedVersion())) as Buffer,
    );
    machine.server.releases.delete(releasePath(pinnedVersion()));
    expect((await machine.boot('startup.sh')).output).toContain('runner 3.1.4 installed');
  });

  it.each([
    ['3.1.4', '', /runner 3\.1\.4 needs its checksum: set slipway-runner-sha256-/],
    ['latest', '0'.repeat(64), /found slipway-runner-version=latest, expected a version such as/],
  ])('is not guessed: version %s with checksum «%s»', async (version, checksum, reason) => {
    machine.server.attributes.set('slipway-runner-version', version).set(CHECKSUM, checksum);
    expectNoRunner(await machine.boot('startup.sh'), reason);
  });

  it('is taken from the image where the image has it', async () => {
    bakeRunner('3.0.0');
    machine.server.releases.clear();
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain('the image has the runner (version 3.0.0)');
    expect(output).toContain('baked runner');
  });

  it('replaces the image’s when another version is asked for', async () => {
    bakeRunner('3.0.0');
    machine.server.attributes.set('slipway-runner-version', pinnedVersion());
    const {output} = await machine.boot('startup.sh');
    expect(output).toContain(`runner ${pinnedVersion()} installed`);
    expect(output).not.toContain('baked runner');
  });

  describe('that the control plane knows as the current one', () => {
    const current = () => {
      const content = machine.server.releases.get(releasePath(pinnedVersion())) as Buffer;
      machine.server.attributes.set('slipway-runner-version', '3.2.0').set('slipway-runner-refused', '2.9.0 2.9.1');
      machine.server.releases.set(releasePath('3.2.0'), content);
      machine.server.releases.delete(releasePath(pinnedVersion()));
    };

    it('does not replace the image’s as long as GitHub takes that', async () => {
      bakeRunner('3.0.0');
      current();
      const {output} = await machine.boot('startup.sh');
      expect(output).toContain(
        'the image has the runner (version 3.0.0), which GitHub takes; the current one is 3.2.0',
      );
      expect(output).toContain('baked runner');
    });

    it('replaces one that GitHub refuses', async () => {
      bakeRunner('2.9.1');
      current();
      const {output} = await machine.boot('startup.sh');
      expect(output).toContain('runner 3.2.0 installed');
      expect(output).not.toContain('baked runner');
    });

    it('is installed in place of the pinned one where the image has none', async () => {
      current();
      expect((await machine.boot('startup.sh')).output).toContain('runner 3.2.0 installed');
    });

    it('takes the place of one that GitHub refuses at its start, with the same JIT config', async () => {
      bakeRunner('3.0.0', 'exit 7');
      current();
      const {output, status} = await machine.boot('startup.sh');
      expect(output).toContain('GitHub refuses the runner 3.0.0: 3.2.0 takes its place');
      expect(output).toContain('power off: the runner has run its job');
      expect(status).toBe(0);
    });

    it('is not put in the place of one that was demanded, nor of itself', async () => {
      bakeRunner('3.0.0', 'exit 7');
      current();
      machine.server.attributes.set('slipway-runner-version', '3.0.0');
      const itself = await machine.boot('startup.sh');
      expect(itself.output).toContain('power off: the runner is deprecated');
      machine.server.attributes.delete('slipway-runner-refused');
      expect((await machine.boot('startup.sh')).output).toContain('power off: the runner is deprecated');
    });
  });

  it('is baked into an image without a JIT config and without a power off', async () => {
    machine.server.attributes.clear();
    machine.server.attributes.set(CHECKSUM, '0'.repeat(64));
    const failed = await machine.boot('startup.sh', '--bake');
    expect(failed).toMatchObject({status: 1, output: expect.stringContaining('not baked: the checksum of')});

    bakeRunner('3.0.0');
    machine.server.attributes.set('slipway-docker', 'true');
    const {status, output} = await machine.boot('startup.sh', '--bake');
    expect(output).toContain('baked\n');
    expect(status).toBe(0);
    expect(machine.calls()).toContain('usermod --append --groups docker runner');
    expect(machine.calls().join('\n')).not.toMatch(/poweroff|run\.sh|systemctl/);
  });

  function bakeRunner(version: string, run = `echo 'baked runner'`): void {
    const folder = join(machine.root, 'opt/actions-runner');
    mkdirSync(folder, {recursive: true});
    writeProgram(join(folder, 'run.sh'), run);
    writeFileSync(join(folder, '.slipway-version'), `${version}\n`);
  }
});
