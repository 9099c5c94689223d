import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {version} from '../../../package.json';
import {CommandLine} from '../../builders/command-line';

/** The version of the project, with the commit that the command was built from where there is a repository. */
const VERSION = new RegExp(`^${version.replaceAll('.', '\\.')}(\\+[0-9a-f]{12}(\\.changed)?)?\n$`);

jest.setTimeout(60_000);

const POOLS = `
pools:
  - name: arm
    repos: ["acme/*", "!acme/legacy"]
    requires: [self-hosted, linux, arm64]
    provider: {type: gce, template: t, zones: [us-central1-a]}
  - name: linux
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    offers: [self-hosted, linux, "run-*"]
    provider: {type: gce, template: t, zones: [us-central1-a]}
  - name: linux-too
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    allowPublicRepos: true
    provider: {type: gce, template: t, zones: [us-central1-a]}
  - name: org
    org: other
    requires: [self-hosted]
    acceptsUnlabeled: true
    priority: 5
    provider: {type: gce, template: t, zones: [us-central1-a]}
`;

let cli: CommandLine;
let file: string;

beforeAll(() => {
  cli = CommandLine.build();
  file = cli.write('pools.yaml', POOLS);
});
afterAll(() => cli.remove());

describe('the command line', () => {
  const NOWHERE = {SLIPWAY_API_SECRET: 's', SLIPWAY_API_URL: 'http://127.0.0.1:9'};

  test.each<[readonly string[], Record<string, string>, string]>([
    [['status'], {SLIPWAY_API_SECRET: 's'}, 'found no address of api: set SLIPWAY_API_URL, or give --url'],
    [
      ['status'],
      {SLIPWAY_API_URL: 'https://x'},
      'found no secret of api: set SLIPWAY_API_SECRET, or give --secret-file',
    ],
    [['status'], {...NOWHERE, SLIPWAY_API_SECRET: 'two words'}, 'the secret of api has a space'],
    [['status', '--url', 'x.example'], NOWHERE, '--url: expected an http or https URL'],
    [['status', '--url', 'http://x.example'], NOWHERE, 'expected an https URL of api'],
    [
      ['status'],
      {...NOWHERE, SLIPWAY_API_URL: 'https://u:hunter2@x'},
      'SLIPWAY_API_URL: expected an http or https URL without credentials',
    ],
    [['status', '--secret-file', '/no/such'], NOWHERE, '--secret-file: the file cannot be read (ENOENT)'],
    [['status', '--secret-file', '/dev/null'], NOWHERE, '--secret-file: found an empty file'],
    [['stauts'], NOWHERE, "unknown command 'stauts' (Did you mean status?); slipway --help lists"],
    [['status', '--wach'], NOWHERE, 'unknown option --wach (Did you mean --watch?)'],
    [['jobs', '--secret=hunter2'], NOWHERE, 'unknown option --secret; '],
    [
      ['jobs', '--status', 'lost'],
      NOWHERE,
      "option '-s, --status <status>' argument 'lost' is invalid. Allowed choices are queued",
    ],
    [['jobs', '--limit', '0'], NOWHERE, 'Expected a whole number from 1 to 10000'],
    [['jobs', '--repo', 'app'], NOWHERE, 'Expected owner/name'],
    [['jobs', 'more'], NOWHERE, 'too many arguments'],
    [['retry'], NOWHERE, "missing required argument 'id'"],
    [['check', '/no/such.yaml'], {}, '/no/such.yaml cannot be read (ENOENT)'],
    [['check', '/'], {}, '/ is a folder'],
    [['check', 'pools.yaml', '--repo', 'acme/app'], {}, '--repo and --public are of a job'],
    [['check', 'pools.yaml', '--job', 'linux'], {}, 'give the job’s with --repo'.replace('’', "'")],
    [['completion', 'fish'], {}, 'Allowed choices are bash, zsh'],
  ])('%j with %j is exit code 2 and one line', async (args, env, said) => {
    const ended = await cli.run(args, {env});
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain(`slipway: `);
    expect(ended.stderr).toContain(said);
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(ended.stderr).not.toContain('hunter2');
  });

  test('help goes to stdout when it is asked for, else to stderr with exit code 2', async () => {
    const help = await cli.run(['--help']);
    expect(help).toMatchObject({code: 0, stderr: ''});
    expect(help.stdout).toContain('status [options]');
    const none = await cli.run([]);
    expect(none).toMatchObject({code: 2, stdout: ''});
    expect(none.stderr).toBe(help.stdout);
    const one = await cli.run(['help', 'jobs']);
    expect(one).toMatchObject({code: 0, stderr: ''});
    expect(one.stdout).toMatch(/--status <status>[\s\S]*--secret-file <path>/);
  });

  test('--version is that of the project', async () => {
    expect(await cli.run(['--version'])).toEqual({code: 0, stdout: expect.stringMatching(VERSION), stderr: ''});
  });

  test('an api that is not there cannot be reached', async () => {
    const {code, stderr} = await cli.run(['status'], {env: NOWHERE});
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^slipway: http:\/\/127.0.0.1:9 cannot be reached \(\w+[^)]*\): check --url or SLIPWAY_API_URL\n$/,
    );
  });
});

describe('check', () => {
  test('lists the pools of a file without errors', async () => {
    const {code, stdout, stderr} = await cli.run(['check', 'pools.yaml']);
    expect([code, stderr]).toEqual([0, 'pools.yaml: 4 pools, no errors\n']);
    expect(stdout).toMatch(
      /^POOL +SERVES +REQUIRES +OFFERS +LIMIT +PROVIDER\narm +acme\/\*, !acme\/legacy +self-hosted, linux, arm64 +anything +\d+ +gce\n/,
    );
    const json = await cli.run(['check', file, '--json']);
    expect(JSON.parse(json.stdout)).toEqual({valid: true, pools: ['arm', 'linux', 'linux-too', 'org']});
  });

  test('reads stdin for -', async () => {
    expect(await cli.run(['check', '-'], {input: POOLS})).toMatchObject({code: 0, stderr: '-: 4 pools, no errors\n'});
  });

  test('tells every error with its path, what was found and what was expected', async () => {
    cli.write(
      'bad.yaml',
      'pools:\n  - {name: Arm, repo: acme/app, org: acme, requires: [x], provider: {type: gce, template: t}}\n  - {repo: acme/app, requires: [y], maxRuners: 3, provider: {type: gce, zones: [here]}}\n',
    );
    const {code, stdout, stderr} = await cli.run(['check', 'bad.yaml']);
    const lines = stdout.trimEnd().split('\n');
    expect([code, stderr]).toEqual([1, `slipway: bad.yaml has ${lines.length} errors\n`]);
    for (const path of [
      'pools[0].name',
      'pools[0]',
      'pools[1].maxRuners',
      'pools[1].provider.template',
      'pools[1].provider.zones[0]',
    ])
      expect(
        lines.filter((line) => line.startsWith(`bad.yaml: ${path}: found `) && line.includes(', expected ')),
      ).toHaveLength(1);
    const json = JSON.parse((await cli.run(['check', 'bad.yaml', '--json'])).stdout) as {
      valid: boolean;
      problems: object[];
    };
    expect(json.valid).toBe(false);
    expect(json.problems).toHaveLength(lines.length);
    expect(json.problems).toContainEqual({path: 'pools[0].name', found: '"Arm"', expected: expect.any(String)});
  });

  test.each([
    ['', 'found nothing, expected an object with pools'],
    ['pools: [', 'at line 1, column'],
    ['pools:\n  - !acme/x\n', 'an unquoted ! at line 2'],
    [
      'discovery: organization\npools: [{repos: ["*/app"], requires: [x], provider: {type: gce, template: t, zones: [us-central1-a]}}]',
      'discovery: found organization, and no pool that names one',
    ],
  ])('%j is an error of the file', async (text, said) => {
    const {code, stdout} = await cli.run(['check', '-'], {input: text});
    expect(code).toBe(1);
    expect(stdout).toContain(said);
  });

  test('leaves to the deployment what it may say for its pools: the role at AWS', async () => {
    const provider =
      '{type: ec2, region: eu-central-1, launchTemplate: slipway-x64, subnets: [subnet-a], instanceTypes: [m7i.large]}';
    const input = `pools: [{name: ec2, repo: acme/app, requires: [aws], provider: ${provider}}]`;
    expect(await cli.run(['check', '-'], {input})).toMatchObject({code: 0, stderr: '-: 1 pool, no errors\n'});
  });

  test('nothing of the environment counts, and no secret that stands in the file is shown', async () => {
    const env = {RUNNER_CONFIG: 'broken: [', GITHUB_APP_ID: 'x', MAX_CONCURRENT: 'many'};
    expect(await cli.run(['check', 'pools.yaml'], {env})).toMatchObject({code: 0});
    const {stdout} = await cli.run(['check', '-'], {input: `pools: [{name: ghp_${'a'.repeat(36)}}]`});
    expect(stdout).toContain('***');
    expect(stdout).not.toContain('ghp_');
  });

  test.each<[string, readonly string[], string | null, Record<string, string>]>([
    [
      'the pool that requires most of its labels',
      ['--job', 'self-hosted linux ARM64', '--repo', 'acme/app'],
      'arm',
      {
        linux: 'does not offer arm64',
        'linux-too': 'could take it, but arm requires more of its labels',
        org: 'does not serve acme/app: it serves the organization other',
      },
    ],
    [
      'the first of two alike',
      ['--job', 'self-hosted', '--job', 'linux', '--repo', 'acme/app'],
      'linux',
      {arm: 'requires arm64', 'linux-too': 'could take it, but linux stands before it'},
    ],
    [
      'a label with a space, given by itself',
      ['--job', 'self-hosted', '--job', 'linux', '--job', 'run 1', '--repo', 'acme/app'],
      'linux-too',
      {arm: 'requires arm64', linux: 'does not offer run 1'},
    ],
    [
      'the one that serves public repositories',
      ['--job', 'self-hosted linux', '--repo', 'acme/app', '--public'],
      'linux-too',
      {linux: 'acme/app is public, and allowPublicRepos is not set'},
    ],
    [
      'a job without labels',
      ['--job', '', '--repo', 'other/app'],
      'org',
      {arm: 'does not serve other/app: it serves acme/*, !acme/legacy'},
    ],
    [
      'nobody',
      ['--job', 'self-hosted gpu', '--repo', 'acme/legacy'],
      null,
      {linux: 'requires linux; does not offer gpu'},
    ],
  ])('%s: %j', async (_, args, taker, because) => {
    const ended = await cli.run(['check', file, ...args, '--json']);
    const {pool, pools} = JSON.parse(ended.stdout) as {
      pool: string | null;
      pools: {pool: string; takes: boolean; because: string}[];
    };
    expect([pool, ended.code]).toEqual([taker, taker === null ? 1 : 0]);
    expect(pools.filter(({takes}) => takes).map((each) => each.pool)).toEqual(taker === null ? [] : [taker]);
    const said = Object.fromEntries(pools.map((each) => [each.pool, each.because]));
    for (const [name, text] of Object.entries(because)) expect([name, said[name]]).toEqual([name, text]);
  });

  test('shows it as a table, and says on stderr when no pool takes the job', async () => {
    const {code, stdout, stderr} = await cli.run(['check', file, '--job', 'gpu', '--repo', 'acme/app']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^POOL +TAKES IT +WHY\narm +no +requires self-hosted, linux, arm64\n/);
    expect(stderr).toBe('slipway: no pool takes a job of acme/app with labels [gpu]\n');
  });

  test('every priority is named that decides', async () => {
    const text = POOLS.replace('allowPublicRepos: true', 'priority: 9');
    const {stdout} = await cli.run(['check', '-', '--job', 'self-hosted linux', '--repo', 'acme/app'], {input: text});
    expect(stdout).toContain('could take it, but linux-too has a higher priority (9, not 0)');
  });
});

describe('completion', () => {
  const complete = async (...words: string[]) => {
    const script = (await cli.run(['completion', 'bash'])).stdout;
    const body = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slipway; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const found = execFileSync('bash', ['--norc', '-c', body, 'bash', 'slipway', ...words], {
      cwd: cli.folder,
      encoding: 'utf8',
    });
    return found.trim().split('\n');
  };

  test.each<[readonly string[], readonly string[]]>([
    [['st'], ['status', 'start', 'stop']],
    [['jobs', '--st'], ['--status']],
    [
      ['jobs', '--status', ''],
      ['queued', 'waiting', 'in_progress', 'completed'],
    ],
    [['jobs', '-s', 'q'], ['queued']],
    [['jobs', '--secret-f'], ['--secret-file']],
    [['--url', 'u', 'delete', '--f'], ['--force']],
    [
      ['completion', ''],
      ['bash', 'zsh'],
    ],
    [['check', 'pools.y'], ['pools.yaml']],
    [['help', 'dead'], ['deadletters']],
  ])('of bash, after %j, is %j', async (words, expected) => {
    const found = await complete(...words);
    expect(found.filter((word) => !word.startsWith('-') || expected.includes(word))).toEqual(expected);
  });

  test.each(['bash', 'zsh'])('of %s, as JSON, has the script in a field', async (shell) => {
    const {stdout} = await cli.run(['completion', shell, '--json']);
    expect(JSON.parse(stdout)).toEqual({shell, script: (await cli.run(['completion', shell])).stdout.trimEnd()});
  });

  test('of zsh names every command and its options', async () => {
    const {code, stdout} = await cli.run(['completion', 'zsh']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^#compdef slipway\n/);
    const help = (await cli.run(['--help'])).stdout;
    const commands = [...(help.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(10);
    for (const name of commands) expect(stdout).toMatch(new RegExp(`^ {4}${name}\\) _arguments `, 'm'));
    expect(stdout).toContain(
      `'*--status[GitHub'\\''s status of the job]:value:(queued waiting in_progress completed)'`,
    );
    if (existsSync('/usr/bin/zsh')) execFileSync('zsh', ['-n'], {input: stdout});
  });
});

test('the built file begins as a program, is executable, and is what package.json calls slipway', () => {
  const built = join(cli.folder, 'cli', 'index.js');
  expect(readFileSync(built, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  const env = {PATH: join(process.execPath, '..')};
  expect(execFileSync(built, ['--version'], {encoding: 'utf8', env})).toMatch(VERSION);
});
