import {execFile, spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {split} from 'shlex';
import {run} from '../../functions/cli/program';
import {systemClock} from '../../shared/clock';
import {systemRandom} from '../../shared/random';
import {checkedFrom, ORG} from '../builders/migrated';
import {INSTANCE_TEMPLATES, MULTI_RUNNER} from '../builders/peer-examples';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {MANAGER_SECRET} from '../emulators/system';
import {findCommand} from '../terraform/runner/commands';
import {describeWhen} from '../terraform/runner/describe-scripts';
import {listPages, ROOT, readPage} from './pages';

/** The commands of the documentation that need nothing but a deployment run here, against one in this process. */

const POOLS = `
hosts: [{name: builder, capacity: 2}, {name: attic, capacity: 2}]
pools:
  - name: arm
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a]}
  - name: gpu
    repo: acme/app
    requires: [self-hosted, gpu]
    provider: {type: gce-vm, instance: builder-gpu, zone: us-central1-a}
  - name: box
    repo: acme/app
    requires: [self-hosted, box]
    provider: {type: docker, hosts: [builder, attic], image: example}
`;

const blocks = listPages()
  .filter((page) => page !== 'CHANGELOG.md')
  .flatMap((page) =>
    readPage(page)
      .blocks.filter(({language}) => ['sh', 'bash'].includes(language))
      .map(({text}) => ({page, text})),
  );
const lines = blocks.flatMap(({page, text}) =>
  text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line): [string, string] => [page, line.replace(/(^|\s)#\s.*$/, '').trim()]),
);

let system: TestSystem;
let folder: string;
/** Of a job that waits for its runner. */
let job: {readonly id: number; readonly url: string};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-documented-'));
  system = await aSystem({pools: POOLS});
  system.compute.addInstance({name: 'builder-gpu', zone: 'us-central1-a'});
  const queued = system.queueJob({durationMs: 30 * MINUTE});
  await system.pass(5_000);
  const answer = await fetch(`${system.urls.api}jobs/${queued.id}`, {headers: {'x-runner-secret': MANAGER_SECRET}});
  job = {id: queued.id, url: ((await answer.json()) as {url: string}).url};
});
afterAll(async () => {
  rmSync(folder, {recursive: true, force: true});
  await system.close();
});

/** A line with the job that is here in place of that of the example. */
function withJob(line: string): string {
  return line
    .replace('https://github.com/acme/app/actions/runs/RUN/job/ID', job.url)
    .replaceAll('44200000072', `${job.id}`);
}

const FILES: Readonly<Record<string, string>> = {
  'pools.yaml': POOLS,
  'terraform/pools.yaml': POOLS,
  'multi-runner.yaml': MULTI_RUNNER,
  'templates.json': JSON.stringify(INSTANCE_TEMPLATES),
  'gcp-pools.yaml': checkedFrom('google-cloud-github-runner', INSTANCE_TEMPLATES, ORG).yaml,
};

/** Runs `slipway` with the arguments of a line. */
async function slipway(line: string): Promise<{readonly code: number; readonly said: string}> {
  const args = split(withJob(line)).map((word) => {
    const text = FILES[word];
    if (text === undefined) return word;
    const path = join(folder, word.replace('/', '-'));
    writeFileSync(path, text);
    return path;
  });
  let said = '';
  const output = {
    write: (text: string) => {
      said += text;
      return true;
    },
    isTTY: false,
    columns: 80,
  };
  const code = await run(args, {
    env: {SLIPWAY_API_URL: system.urls.api, SLIPWAY_API_SECRET: MANAGER_SECRET},
    stdout: output,
    stderr: output,
    stdin: () => Promise.resolve(POOLS),
    clock: systemClock,
    random: systemRandom,
  } as Parameters<typeof run>[1]);
  return {code, said};
}

const ofSlipway = lines.flatMap(([page, line]) =>
  [...line.matchAll(/(?:npx slipway|run --silent slipway --) ([^|)<>;&]*)/g)].map(([, args = '']) => [
    page,
    args.trim(),
  ]),
);

test.each(ofSlipway)('%s: slipway %s does what it says', async (_, line = '') => {
  const {code, said} = await slipway(line);
  // The doctor finds what this deployment does not have.
  expect([said, code]).toEqual([said, line.startsWith('doctor') ? expect.any(Number) : 0]);
  expect(said).not.toMatch(/please report it|cannot be reached/);
  expect(code).not.toBe(2);
});

const ofCurl = lines.filter(([, line]) => line.startsWith('curl ') && line.includes('$API'));

test.each(ofCurl)('%s: %s is answered', async (_, line = '') => {
  // The shell runs the line as it stands; the status goes to stderr. Behind the loopback no identity token is needed.
  const script = `curl() { command curl --silent --show-error --write-out '%{stderr}HTTP %{http_code}' "$@"; }
uuidgen() { echo 11111111-2222-4333-8444-555555555555; }
gcloud() { echo token; }
API=${system.urls.api.replace(/\/$/, '')} SECRET=${MANAGER_SECRET} SLIPWAY_API_SECRET=${MANAGER_SECRET}
${withJob(line)}`;
  const {stdout, stderr} = await new Promise<{stdout: string; stderr: string}>((done) =>
    execFile('bash', ['--norc', '-c', script], (_error, out, err) => done({stdout: out, stderr: err})),
  );
  // A VM that comes up can be stopped later.
  if (line.includes('/runner/start')) await system.pass(2 * MINUTE);
  const [, status] = /HTTP (\d+)$/.exec(stderr) ?? [];
  // What the example names need not be here; the path, the method and the input have to be right.
  const isAnswer = /^2/.test(status ?? '') || /unknown-(runner|dead-letter)|health\?deep/.test(`${stdout} ${line}`);
  expect([stderr, stdout, isAnswer]).toEqual([stderr, stdout, true]);
  expect(stderr).not.toContain('jq: ');
});

test('there are commands of both kinds to run', () => {
  expect(ofSlipway.length).toBeGreaterThan(10);
  expect(ofCurl.length).toBeGreaterThan(15);
});

const rows = [...readFileSync(join(ROOT, 'docs/cli.md'), 'utf8').matchAll(/^\| (`.*?`) \|/gm)].flatMap(
  ([, cell = '']) => [...cell.matchAll(/`([a-z-]+)([^`]*)`/g)].map(([, name = '', usage = '']) => [name, usage]),
);

test.each(rows)(
  'the table of commands: the help of slipway %s knows the options of %p',
  async (name = '', usage = '') => {
    const {code, said} = await slipway(`help ${name}`);
    expect([name, code]).toEqual([name, 0]);
    const options = usage.match(/(?<=^|[\s[(])--?[a-zA-Z-]+/g) ?? [];
    for (const option of options) expect(said).toMatch(new RegExp(`(^|[\\s,])${option}\\b`));
  },
);

const shellcheck = findCommand('shellcheck');
describeWhen(
  shellcheck ? undefined : 'shellcheck is not installed (apt-get install shellcheck)',
  'the checks of the documentation’s shell by shellcheck',
)('shellcheck', () => {
  test('has nothing to say of the shell in the documentation', () => {
    const files = blocks.map(({page, text}, index) => {
      const file = join(folder, `${page.replaceAll(/\W/g, '-')}-${index}.sh`);
      writeFileSync(file, text.replaceAll('…', 'MORE'));
      return file;
    });
    // Variables are the reader's, words with $ are shown without quotes, and a change of folder is a step of its own.
    const without = ['SC2034', 'SC2154', 'SC2086', 'SC2155', 'SC2164', 'SC2103', 'SC1090', 'SC1091', 'SC2091'];
    const {stdout} = spawnSync(
      shellcheck ?? '',
      ['--shell=bash', `--exclude=${without.join(',')}`, '--format=gcc', ...files],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout.replaceAll(`${folder}/`, '')).toBe('');
  });
});
