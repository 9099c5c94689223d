import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {RunnerToInstall} from '../../../shared/model/facts';
import {
  JIT_CONFIG_KEY,
  STANDBY_KEY,
  STANDBY_REPORT,
  WINDOWS_SCRIPT_KEY,
} from '../../../shared/providers/gce/client/metadata-keys';
import {runnerMetadata} from '../../../shared/providers/gce/runner-metadata';
import {terraformFile} from '../../builders/terraform-files';
import {RUNNER_FOLDER} from './machine';
import {createLint, type Lint} from './powershell';

const read = (name: string) => readFileSync(join(RUNNER_FOLDER, name), 'utf8');
const STARTUP = read('startup.ps1');

/** Scripts inside the script, each between @' and '@, by the name of their variable. */
const inner = new Map(
  [...STARTUP.matchAll(/^\$(\w+) = @'\n([\s\S]*?)\n'@$/gm)].map(([, name = '', text = '']) => [name, text]),
);

/** The attributes that the script reads. */
const attributes = [
  ...new Set(
    [...STARTUP.matchAll(/(?:Get-Setting |Get-Number |instance\/attributes\/)'?(slipway-[a-z0-9-]+)/g)].map(
      ([, name = '']) => name,
    ),
  ),
];

describe('the syntax of the scripts for Windows', () => {
  let lint: Lint;
  beforeAll(async () => {
    lint = await createLint();
  });

  test.each(['startup.ps1', 'shutdown.ps1'])('%s has nothing that Windows PowerShell 5.1 does not know', (name) => {
    expect(lint(read(name))).toEqual([]);
  });

  test('nor have the scripts that it writes', () => {
    expect([...inner.keys()]).toEqual(['startRunner', 'sendInterrupt']);
    for (const text of inner.values()) expect(lint(text.replace('\nENVIRONMENT\n', '\n'))).toEqual([]);
  });

  test.each([
    ['a brace that is missing', /\n\}\n\nfunction Write-Slipway/, '\n\nfunction Write-Slipway', /does not parse/],
    ['a cmdlet that there is not', 'Get-FileHash', 'Get-Filehsh', /there is no command Get-Filehsh/],
    ['a function that there is not', 'Block-Metadata $sid', 'Block-Metadta $sid', /there is no command Block-Metadta/],
    ['a function that nobody calls', '    Block-Metadata $sid\n', '', /^nobody calls Block-Metadata/],
    ['a variable that nothing sets', '$script:jobsSeen++', '$script:jobSeen++', /nothing sets \$script:jobSeen/],
    ['an operator of PowerShell 7', 'Install-Hooks\n', 'Install-Hooks && Install-Hooks\n', /./],
    ['a letter that is not ASCII', 'power off: ', 'power off \u2013 ', /expected ASCII/],
  ])('finds %s', (_, text, replacement, problem) => {
    const broken = STARTUP.replace(text, replacement);
    expect(broken).not.toBe(STARTUP);
    expect(lint(broken)).toContainEqual(expect.stringMatching(problem));
  });
});

describe('what the script for Windows is told', () => {
  const RUNNER: RunnerToInstall = {
    version: '2.340.0',
    sha256: {x64: '1'.repeat(64), arm64: '2'.repeat(64)},
    windowsSha256: '3'.repeat(64),
    refused: ['2.330.0'],
  };
  const windows = {metadata: {items: [{key: WINDOWS_SCRIPT_KEY, value: STARTUP}]}};

  test('it reads every attribute that the control plane sets', () => {
    const set = runnerMetadata(windows, RUNNER).map(({key}) => key);
    expect(set).toHaveLength(3);
    expect(attributes).toEqual(expect.arrayContaining([...set, JIT_CONFIG_KEY, STANDBY_KEY]));
    expect(STARTUP).toContain(`instance/guest-attributes/${STANDBY_REPORT}'`);
  });

  test('it reads what Terraform sets for the runner of a template', () => {
    const [, block = ''] = /machine_metadata = \{\n([\s\S]*?)\n {2}\}\n/.exec(terraformFile('machines.tf')) ?? [];
    const set = [...new Set(block.match(/slipway-[a-z-]+(?= += )/g))];
    expect(set).toContain('slipway-idle-seconds');
    expect(set.filter((name) => !attributes.includes(name))).toEqual([]);
  });

  test('it reads what the script for Linux reads, but the images of a standby machine with Docker', () => {
    const names = [...read('startup.sh').matchAll(/(?:setting|number|attributes\/) ?"?(slipway-[a-z0-9-]+)/g)];
    const linux = [...new Set(names.map(([, name = '']) => name))].filter(
      (name) => !name.startsWith('slipway-runner-sha256'),
    );
    expect(linux.length).toBeGreaterThan(10);
    // Their last part is in a variable, in both scripts.
    expect(linux).toContain('slipway-hook-job-');
    expect(STARTUP).toContain('"slipway-hook-job-$moment"');
    const missing = linux.filter((name) => name !== 'slipway-hook-job-' && !attributes.includes(name));
    expect(missing).toEqual(['slipway-images']);
  });

  test('the README names every one of them', () => {
    const readme = read('README.md');
    expect(attributes.filter((name) => !readme.includes(`\`${name}`))).toEqual([]);
  });

  test('a template for Linux gets the checksums of Linux, and one for Windows that of Windows alone', () => {
    const keys = (metadata: {items: {key: string; value: string}[]}, runner: RunnerToInstall) =>
      runnerMetadata({metadata}, runner).map(({key, value}) => `${key} ${value}`);
    expect(keys({items: []}, RUNNER)).toEqual([
      'slipway-runner-version 2.340.0',
      `slipway-runner-sha256-x64 ${'1'.repeat(64)}`,
      `slipway-runner-sha256-arm64 ${'2'.repeat(64)}`,
      'slipway-runner-refused 2.330.0',
    ]);
    expect(keys(windows.metadata, RUNNER)).toEqual([
      'slipway-runner-version 2.340.0',
      `slipway-runner-sha256-win-x64 ${'3'.repeat(64)}`,
      'slipway-runner-refused 2.330.0',
    ]);
  });

  test('without the checksum for Windows a template for Windows gets no version either', () => {
    const {windowsSha256: _, ...runner} = RUNNER;
    expect(runnerMetadata(windows, runner)).toEqual([]);
  });
});

test('the boot line of Windows is one that Terraform’s metrics read', () => {
  const [, filter = ''] = /textPayload=~\\"(\^\[0-9[^"]*)\\""/.exec(terraformFile('metrics.tf')) ?? [];
  const pattern = new RegExp(filter.replace(/\$\{each[^}]*\}/, 'boot').replace(/\$\{var[^}]*\}/, 'slipway'));
  // What the script's format strings make of a time and of seconds.
  expect(STARTUP).toContain("'{0} slipway: {1}' -f [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ'");
  expect(STARTUP).toContain('Write-Slipway "$kind-seconds$bootSteps vm=$Name"');
  expect(STARTUP).toContain("' {0}={1}' -f $Step, $seconds.ToString('0.00'");
  expect('2026-11-30T12:00:00Z slipway: boot-seconds metadata=31.00 listener=55.20 vm=slipway-win-1-1').toMatch(
    pattern,
  );
});
