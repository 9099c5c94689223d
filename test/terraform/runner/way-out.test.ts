import {describeScripts} from './describe-scripts';
import {JIT_CONFIG, Machine} from './machine';
import {COMPLETED, LISTENING, RUNNING} from './runner-package';

const CERTIFICATES = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
const PROXY = 'http://proxy.corp.example:3128';

const SHOWS_ITS_ENVIRONMENT = `
env | grep -i -E '^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)=' >"$SLIPWAY_ROOT/environment" || true
${LISTENING}
${RUNNING}
${COMPLETED}`;

describeScripts('the way out of a network with a proxy or certificates of its own', () => {
  let machine: Machine;
  const boot = async (attributes: Readonly<Record<string, string>>, commands: Record<string, string | null> = {}) => {
    machine = await Machine.create({
      run: SHOWS_ITS_ENVIRONMENT,
      commands,
      attributes: {'slipway-jit-config': JIT_CONFIG, ...attributes},
    });
    return await machine.boot('startup.sh');
  };
  afterEach(() => machine.destroy());

  it('is nobody’s business unless the VM’s attributes say so', async () => {
    await boot({});
    expect(machine.read('environment')).toBe('');
    expect(machine.calls().join('\n')).not.toContain('update-ca-certificates');
    expect(machine.read('etc/systemd/system/docker.service.d/slipway-proxy.conf')).toBeUndefined();
  });

  it('is told to the runner and to Docker’s daemon, and leads around the metadata server', async () => {
    // The loopback address stands in for GitHub here: it is among those that are reached without a proxy.
    const {output} = await boot({'slipway-proxy': PROXY, 'slipway-no-proxy': '.googleapis.com,github.corp.example'});
    const around = 'localhost,127.0.0.1,169.254.169.254,metadata.google.internal,.googleapis.com,github.corp.example';
    expect(machine.read('environment')?.trim().split('\n').sort()).toEqual(
      [
        ...['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map((name) => `${name}=${PROXY}`),
        ...['NO_PROXY', 'no_proxy'].map((name) => `${name}=${around}`),
      ].sort(),
    );
    expect(machine.read('etc/systemd/system/docker.service.d/slipway-proxy.conf')).toBe(
      `[Service]\nEnvironment="HTTP_PROXY=${PROXY}" "HTTPS_PROXY=${PROXY}" "NO_PROXY=${around}"\n`,
    );
    expect(output).toContain('power off: the runner has run its job');
  });

  it('trusts the certificates that it was given, in the system and in Node', async () => {
    await boot({'slipway-ca-certificates': CERTIFICATES}, {'update-ca-certificates': ''});
    expect(machine.read('usr/local/share/ca-certificates/slipway.crt')).toBe(`${CERTIFICATES}\n`);
    expect(machine.calls()).toContain('update-ca-certificates ');
    expect(machine.read('environment')).toContain(
      `NODE_EXTRA_CA_CERTS=${machine.root}/usr/local/share/ca-certificates/slipway.crt`,
    );
  });

  it.each([
    [
      'certificates that the system does not take',
      {'slipway-ca-certificates': 'none'},
      'slipway-ca-certificates could',
    ],
    ['a proxy with a password', {'slipway-proxy': 'http://me:secret@proxy:3128'}, 'expected http://HOST:PORT'],
  ])('ends the VM with %s', async (_, attributes, why) => {
    const {output} = await boot(attributes, {'update-ca-certificates': 'exit 1'});
    expect(output).toMatch(/power off: /);
    expect(output).toContain(why);
    expect(machine.read('environment')).toBeUndefined();
    expect(machine.poweredOff()).toBe(true);
  });
});
