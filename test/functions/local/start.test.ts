import {execFile} from 'node:child_process';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {parseArguments} from '../../../functions/local/index';
import {runSimulated} from '../../../functions/local/simulated';
import {InvalidConfiguration} from '../../../shared/errors';

const ROOT = resolve(__dirname, '..', '..', '..');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `npm start -- ARGUMENTS` in a separate process, with this environment and without a terminal. */
async function start(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const script = join(ROOT, 'functions', 'local', 'index.ts');
  const options = {cwd: ROOT, env};
  return promisify(execFile)(process.execPath, ['-r', 'ts-node/register', script, ...args], options).then(
    ({stdout, stderr}) => ({code: 0, stdout, stderr}),
    ({code, stdout, stderr}: Ended) => ({code, stdout, stderr}),
  );
}

test('a wrong value of an environment variable is refused before anything starts, all of them at once', async () => {
  const {code, stdout, stderr} = await start(['--once'], {
    WEBHOOKS: 'of',
    TASK_MAX_ATTEMPTS: '0',
    GITHUB_TOKEN: 'ghp_x',
  });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('the configuration has 2 errors');
  expect(stderr).toContain('WEBHOOKS: found "of", expected on or off');
  expect(stderr).toContain('TASK_MAX_ATTEMPTS: found "0"');
}, 60_000);

test('with --real the errors of all functions come at once, each once', async () => {
  const {code, stdout, stderr} = await start(['--real'], {DEPLOYMENT: 'X_'});
  expect([code, stdout]).toEqual([1, '']);
  const paths = [...stderr.matchAll(/^ {2}([A-Z_]+): found/gm)].map(([, path]) => path);
  expect(paths).toEqual(expect.arrayContaining(['DEPLOYMENT', 'RUNNER_CONFIG', 'GITHUB_WEBHOOK_SECRET']));
  expect(new Set(paths).size).toBe(paths.length);
}, 60_000);

test('only --real uses the real GitHub, and the help says so', async () => {
  expect(parseArguments([]).real).toBe(false);
  expect(parseArguments(['--real']).real).toBe(true);
  const {code, stdout} = await start(['--help'], {GITHUB_APP_ID: '1'});
  expect(code).toBe(0);
  expect(stdout).toMatch(/--real +uses the real GitHub and Google Cloud/);
}, 60_000);

test('a token in the environment does not change the play, which says that it does not use it', async () => {
  const lines: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  // The run ends at once: only its first lines are checked.
  const code = await runSimulated(parseArguments([]), {GITHUB_TOKEN: 'ghp_x'}, Promise.resolve()).finally(() =>
    write.mockRestore(),
  );
  const said = lines.join('');
  expect(code).toBe(130);
  expect(said).toContain('with a simulated GitHub');
  expect(said).toContain('GITHUB_TOKEN in the environment is not used: npm start -- --real would use it.');
  expect(said).not.toContain('ghp_x');
  // Under Jest there is no terminal, so Enter cannot be pressed.
  expect(said).not.toContain('Enter');
});

test('in this process, too, a wrong value is an error of the configuration', async () => {
  const ended = runSimulated(parseArguments(['--once']), {LOG_LEVEL: 'loud'}, Promise.resolve());
  await expect(ended).rejects.toBeInstanceOf(InvalidConfiguration);
});
