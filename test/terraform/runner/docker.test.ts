import {describeScripts} from './describe-scripts';
import {JIT_CONFIG, Machine} from './machine';
import {COMPLETED, RUNNING} from './runner-package';

describeScripts('Docker on a runner’s VM', () => {
  let machine: Machine;
  const boot = async (docker: string, commands: Record<string, string | null> = {}) => {
    machine = await Machine.create({
      run: `${RUNNING}\n${COMPLETED}`,
      commands,
      attributes: {'slipway-jit-config': JIT_CONFIG, 'slipway-docker': docker},
    });
    return await machine.boot('startup.sh');
  };
  afterEach(() => machine.destroy());

  it('is left alone unless it is asked for', async () => {
    await boot('false');
    expect(machine.calls().join('\n')).not.toMatch(/docker|iptables|usermod/);
  });

  it('is started for the runner’s user, with a rule of its own against the metadata server', async () => {
    await boot('true');
    const calls = machine.calls();
    expect(calls).toEqual(
      expect.arrayContaining(['usermod --append --groups docker runner', 'systemctl start docker']),
    );
    for (const protocol of ['tcp', 'udp']) {
      expect(calls).toContain(
        `iptables --wait --insert DOCKER-USER --destination 169.254.169.254 --protocol ${protocol} ` +
          '--match multiport ! --destination-ports 53,123 --jump REJECT',
      );
    }
    expect(calls.join('\n')).not.toContain('apt-get');
  });

  it('gets that rule once', async () => {
    await boot('true', {iptables: ''});
    expect(machine.calls().filter((call) => call.includes('--insert'))).toEqual([]);
  });

  it('is installed where it is missing', async () => {
    await boot('true', {docker: null});
    expect(machine.calls()).toContain(
      'apt-get -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends docker.io',
    );
  });

  it('gets its command from a package of its own where docker.io has none', async () => {
    const withCommand = `[[ $* != *docker-cli ]] || { printf '#!/bin/sh\\n' >"$(dirname "$0")/docker"; chmod +x "$(dirname "$0")/docker"; }`;
    const {output} = await boot('true', {docker: null, 'apt-get': withCommand});
    const installed = machine.calls().filter((call) => call.includes('install --yes'));
    expect(installed.map((call) => call.split(' ').at(-1)).slice(0, 2)).toEqual(['docker.io', 'docker-cli']);
    expect(output).toContain('the runner has run its job');
  });

  it('is tried again while Debian’s own updates hold the locks', async () => {
    const busyOnce = '[[ -e $SLIPWAY_ROOT/tried ]] || { touch "$SLIPWAY_ROOT/tried"; exit 100; }';
    const {output} = await boot('true', {docker: null, 'apt-get': busyOnce});
    expect(output).toContain('the runner has run its job');
  });

  it('that cannot be installed ends the VM', async () => {
    const {output} = await boot('true', {docker: null, 'apt-get': 'exit 100'});
    expect(output).toContain('power off: docker.io could not be installed');
    expect(machine.poweredOff()).toBe(true);
  });

  it('without the chain DOCKER-USER is still kept off by nftables', async () => {
    const {output} = await boot('true', {iptables: 'exit 1'});
    expect(output).toContain('Docker has no chain DOCKER-USER');
    expect(output).toContain('the runner has run its job');
    expect(machine.read('nft-rules')).toContain('hook forward');
  });
});
