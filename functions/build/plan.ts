import {spawn, spawnSync} from 'node:child_process';
import {statSync} from 'node:fs';
import {join, relative, resolve} from 'node:path';
import {type Environment, readEnvironment} from '../../shared/config/variables';
import {type DeployedPools, findPools, readPools} from './deployed-pools';

const ROOT = resolve(__dirname, '..', '..');

/** Options of this command; everything else is terraform's. */
const OURS = /^--(pools|dist)=([\s\S]+)$/;

/** What `slipway check --json` prints. */
interface Checked {
  readonly valid: boolean;
  readonly pools?: readonly string[];
  readonly problems?: readonly {readonly path: string; readonly found: string; readonly expected: string}[];
}

/**
 * The second half of `npm run plan [-- <arguments of terraform plan>]`, behind the build: `slipway check` of the deployment's pools, then
 * `terraform plan`. A mistake in the pools ends it before terraform is called: terraform itself could check them only in part, and functions
 * with such pools would answer 503.
 *
 * `-chdir=DIR`: the folder of the configuration, `terraform` by default. `--pools=FILE`: the pools are in this file. `--dist=DIR`: where the
 * build is. Returns the exit code: terraform's, or 1.
 */
async function plan(given: readonly string[], env: Environment): Promise<number> {
  const ours = Object.fromEntries(given.flatMap((arg) => [OURS.exec(arg) ?? []]).map(([, key, value]) => [key, value]));
  const folder = resolve(ROOT, given.map((arg) => /^-chdir=(.+)$/.exec(arg)?.[1]).findLast(Boolean) ?? 'terraform');
  const args = given.filter((arg) => !OURS.test(arg) && !arg.startsWith('-chdir='));
  if (!isFolder(folder))
    throw new Error(`-chdir: found no folder ${folder}, expected that of the Terraform configuration`);
  const pools = ours['pools'] === undefined ? findPools(folder, args, env) : readPools(resolve(ROOT, ours['pools']));
  if (!check(join(resolve(ROOT, ours['dist'] ?? 'dist'), 'cli', 'index.js'), pools)) return 1;
  return terraform([`-chdir=${folder}`, 'plan', ...args]);
}

/** Whether the pools are ones that the functions take. Says so, or every mistake. */
function check(command: string, {source, text}: DeployedPools): boolean {
  const {stdout, stderr} = spawnSync(process.execPath, [command, 'check', '-', '--json'], {
    input: text,
    encoding: 'utf8',
  });
  const shown = source.startsWith('/') ? relative(ROOT, source) : source;
  let checked: Checked;
  try {
    checked = JSON.parse(stdout) as Checked;
  } catch {
    throw new Error(`slipway check gave no answer: ${stderr.trim() || stdout.trim() || 'nothing'}`);
  }
  for (const {path, found, expected} of checked.problems ?? []) {
    process.stderr.write(`${shown}: ${path || 'pools'}: found ${found}, expected ${expected}\n`);
  }
  if (checked.valid) process.stdout.write(`${shown}: the pools are valid: ${checked.pools?.join(', ')}\n`);
  else process.stderr.write('npm run plan: the pools have mistakes, so terraform was not called\n');
  return checked.valid;
}

function terraform(args: readonly string[]): Promise<number> {
  // Ctrl-C reaches terraform too, which then gives back its lock.
  process.on('SIGINT', () => undefined);
  return new Promise((done, reject) => {
    const child = spawn('terraform', args, {stdio: 'inherit'});
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = 'found no terraform on the PATH: install Terraform 1.11 or newer, see docs/deploy.md, "Tools"';
      reject(error.code === 'ENOENT' ? new Error(missing) : error);
    });
    child.once('close', (code) => done(code ?? 1));
  });
}

function isFolder(path: string): boolean {
  return statSync(path, {throwIfNoEntry: false})?.isDirectory() === true;
}

plan(process.argv.slice(2), readEnvironment()).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`npm run plan: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
