import {CommandLine, type Ended} from '../../builders/command-line';
import {aSystem, type TestSystem} from '../../builders/system';
import {MANAGER_SECRET} from '../../emulators/system';

jest.setTimeout(60_000);

let cli: CommandLine;
let system: TestSystem;

beforeAll(async () => {
  cli = CommandLine.build();
  system = await aSystem();
});
afterAll(async () => {
  await system.close();
  cli.remove();
});

function slipway(args: readonly string[], url = system.urls.api): Promise<Ended> {
  return cli.run(args, {env: {SLIPWAY_API_URL: url, SLIPWAY_API_SECRET: MANAGER_SECRET}});
}

test.each([
  [
    ['create', 'nowhere', '-R', 'acme/app'],
    1,
    /^slipway: found pool nowhere, expected one of: arm, spot \(unknown-pool\)\n$/,
  ],
  [['create', 'arm'], 2, /^slipway: give --repo owner\/name, or --org for a pool of an organization, and not both\n$/],
  [['create', 'arm', '-R', 'acme/app', '-l', ' '], 2, /^slipway: --label: expected a label\n$/],
  [['create', 'x'.repeat(64), '-R', 'acme/app'], 2, /^slipway: <pool>: expected at most 63 characters\n$/],
  [
    ['create', 'arm', '-R', 'acme/app', '--idempotency-key', ' '],
    2,
    /^slipway: --idempotency-key: expected 1 to 255 .*\n$/,
  ],
  [['create', 'arm', '--org', 'acme'], 1, /registers its runners in repositories: give --repo \(scope-mismatch\)\n$/],
  [
    ['delete', 'nobody'],
    1,
    /^slipway: found no runner nobody; slipway runners lists the runners \(unknown-runner\)\n$/,
  ],
  [['delete', ''], 2, /^slipway: <runner>: expected at least 1 character\n$/],
  [['delete', '..'], 2, /^slipway: <runner>: found \.\., expected a name\n$/],
  [['retry', ''], 2, /^slipway: <id>: expected at least 1 character\n$/],
  [['test', '', '-R', 'acme/app'], 2, /^slipway: <pool>: expected at least 1 character\n$/],
  [['why', 'nothing'], 2, /^slipway: <job>: found no job in it; expected an id, <id>-<attempt>, or http\S+\n$/],
  [['jobs', '--pool', ''], 2, /^slipway: --pool: expected at least 1 character\n$/],
  [['deadletters', '--job', 'x'], 2, /^slipway: --job: expected <job id> or <job id>-<run attempt>\n$/],
  [['deadletters', '--since', 'noon'], 2, /^slipway: --since: expected a time such as 2026-11-01T12:00:00Z\n$/],
  [['test', 'arm'], 2, /^slipway: --repo: pool arm serves more than one repository; expected one as owner\/name\n$/],
  [['test', 'arm', '-R', 'acme/app', '--name', 'x'], 2, /^slipway: --name: expected the name that a dry run .*\n$/],
  [
    ['cleanup', 'all', '--yes', '--confirm', 'x'],
    2,
    /^slipway: --confirm: found another name, expected the name of this deployment\n$/,
  ],
  [
    ['start', 'arm'],
    1,
    /^slipway: found pool arm of type gce, expected one of type gce-vm, and none is configured \(wrong-provider\)\n$/,
  ],
  [['runners', '--state', 'sleeping'], 2, /^slipway: --state: expected one or more of requested, .*\n$/],
])('%j is refused by api: one line without a word of HTTP, and exit code %i', async (args, code, said) => {
  const ended = await slipway(args);
  expect(ended.stderr).not.toMatch(
    /\b(GET|POST|DELETE|query|body|header|invalid-request|string|undefined)\b|Invalid|Too /,
  );
  expect([ended.code, ended.stdout]).toEqual([code, '']);
  expect(ended.stderr).toMatch(said);
});

test('start without a pool names those that there are', async () => {
  const vm = (name: string) =>
    `\n  - {name: ${name}, repo: acme/app, requires: [${name}], provider: {type: gce-vm, instance: ${name}, zone: us-central1-a}}`;
  const two = await aSystem({pools: `pools:${vm('one')}${vm('two')}`});
  try {
    const ended = await slipway(['start'], two.urls.api);
    expect(ended).toEqual({code: 2, stdout: '', stderr: 'slipway: <pool>: expected one of: one, two\n'});
  } finally {
    await two.close();
  }
});
