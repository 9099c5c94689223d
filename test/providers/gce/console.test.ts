import {lastLineOf} from '../../../shared/providers/console-line';
import {createRequest} from '../../contracts/provider';
import {type GceWorld, NAME, openGceWorld} from './world';

const SAYS = '2026-11-01T12:00:07Z slipway:';
const AGENT = '[   14.2] google_metadata_script_runner[813]: startup-script:';
const KEY = '-----BEGIN PRIVATE KEY-----\r\nMIIEvQIBADANBgkq\r\nsecretsecret\r\n-----END PRIVATE KEY-----\r\n';
/** In two parts, so that no scanner of repositories takes it for one. */
const TOKEN = `ghp_${'A1'.repeat(18)}`;

describe('the last line of a console', () => {
  test.each<[string, string, string | undefined]>([
    ['is nothing where nothing was printed', '', undefined],
    ['is nothing where only empty lines were', '\r\n  \r\n\u001b[0m\r\n', undefined],
    [
      'is that of the script, not of what came later',
      `${SAYS} installing nftables\r\n[ 9.1] eth0: up\r\n`,
      `${SAYS} installing nftables`,
    ],
    [
      'is the last one of the script',
      `${SAYS} starting on vm\n${SAYS} installing nftables\n`,
      `${SAYS} installing nftables`,
    ],
    [
      'may be relayed by the guest agent',
      `${AGENT} E: no space left\r\n[ 9.1] eth0: up\r\n`,
      `${AGENT} E: no space left`,
    ],
    [
      'may be how the script ended',
      `${SAYS} x\n[ 9] agent: startup-script exit status 1\n`,
      '[ 9] agent: startup-script exit status 1',
    ],
    [
      'is the last one of all without a script',
      '[ 1.0] Linux\r\n[ 2.0] Kernel panic - not syncing\r\n\r\n',
      '[ 2.0] Kernel panic - not syncing',
    ],
    ['is none of the runner’s', `${SAYS} starting\nrunner: ${SAYS} power off: all is well\n`, `${SAYS} starting`],
    [
      'is none of the runner’s that the agent relays',
      `${SAYS} starting\n${AGENT} runner: ${SAYS} fine\n`,
      `${SAYS} starting`,
    ],
    [
      'is none of the runner’s behind terminal sequences',
      `[ 1.0] Linux\n\u001b[1m\u200brunner: ${SAYS} fine\n`,
      '[ 1.0] Linux',
    ],
    ['is nothing where the runner alone spoke', 'runner: a\r\nrunner: b\r\n', undefined],
    [
      'is not a script’s because it says so in the middle',
      `[ 1.0] Linux\nmotd: ${SAYS} fine\n${SAYS} real\nbye\n`,
      `${SAYS} real`,
    ],
    ['counts what overwrote the line before', '[ 1.0] 10 %\r[ 1.0] 20 %\r\n', '[ 1.0] 20 %'],
    ['has no key, not even a line of one', `[ 1.0] Linux\r\n${KEY}`, '***'],
    [
      'has no token that control characters hide',
      `${SAYS} ${TOKEN.slice(0, 9)}\u0000\u001b[0m${TOKEN.slice(9)}\n`,
      `${SAYS} ***`,
    ],
  ])('%s', (_, contents, expected) => {
    expect(lastLineOf({contents, isCut: false})).toBe(expected);
  });

  test('is not the rest of a line whose beginning is gone', () => {
    const contents = `${SAYS} all is well\n[ 2.0] Linux\n`;
    expect(lastLineOf({contents, isCut: false})).toBe(`${SAYS} all is well`);
    expect(lastLineOf({contents, isCut: true})).toBe('[ 2.0] Linux');
  });

  test('is looked for in the end of a long output', () => {
    const job = `runner: ${'x'.repeat(200_000)} ${SAYS} forged`;
    expect(lastLineOf({contents: `${job}\n${SAYS} real\n`, isCut: false})).toBe(`${SAYS} real`);
    expect(lastLineOf({contents: job, isCut: false})).toBeUndefined();
  });
});

describe.each([
  {how: 'over HTTP', isDirect: false},
  {how: 'on the direct port', isDirect: true},
])('the console of a VM, $how', ({isDirect}) => {
  let gce: GceWorld;
  beforeEach(async () => {
    gce = await openGceWorld({isDirect});
  });
  afterEach(() => gce.close());

  const instanceOf = () => {
    const [instance] = gce.machines();
    if (!instance) throw new Error('found no instance');
    return instance;
  };

  test('is what it printed, of all its boots, by its place as well as without it', async () => {
    await gce.provider.create(createRequest());
    const instance = instanceOf();
    const console = (place?: string) => gce.provider.console?.({name: NAME, ...(place ? {place} : {})});
    expect(await console()).toBeUndefined();
    gce.world.print(instance, '[    0.0] Linux\r\n');
    gce.world.print(instance, `${SAYS} installing nftables\r\n[    9.1] eth0: up\r\n`);
    expect(await console()).toBe(`${SAYS} installing nftables`);
    expect(await console(instance.zone)).toBe(`${SAYS} installing nftables`);
  });

  test('of which Compute Engine keeps a megabyte begins at a whole line', async () => {
    await gce.provider.create(createRequest());
    const forged = `${SAYS} forged`;
    const megabyte = 1024 * 1024;
    // The megabyte begins right behind `runner: `, and the rest of it is blank.
    gce.world.print(instanceOf(), `runner: ${forged}${' '.repeat(megabyte - forged.length)}`);
    expect(await gce.provider.console?.({name: NAME})).toBeUndefined();
  });

  test('is not shown of another’s VM, and not there without a VM', async () => {
    expect(await gce.provider.console?.({name: NAME})).toBeUndefined();
    const instance = gce.plant({'slipway-deployment': 'another'});
    gce.world.print(instance, `${SAYS} a secret of theirs\n`);
    expect(await gce.provider.console?.({name: NAME, place: instance.zone})).toBeUndefined();
    expect(gce.server.requests.filter(({path}) => path.endsWith('/serialPort'))).toEqual([]);
  });

  test('that cannot be read is an error of the provider', async () => {
    await gce.provider.create(createRequest());
    const match = ({path}: {readonly path: string}) => path.endsWith('/serialPort');
    const message = "Required 'compute.instances.getSerialPortOutput' permission";
    gce.server.fault({match, respond: {status: 403, reason: 'forbidden', message}});
    await expect(gce.provider.console?.({name: NAME})).rejects.toThrow(message);
    gce.server.fault({match, respond: 'reset'});
    await expect(gce.provider.console?.({name: NAME})).rejects.toMatchObject({name: 'Unavailable'});
  });
});
