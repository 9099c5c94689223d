import {createGitHub} from '../../shared/github/client';
import {Secret} from '../../shared/secret';
import {createLogger} from '../../shared/telemetry/create-logger';
import {VirtualScheduler} from '../emulators/scheduler';
import {type ScriptedServer, scriptedServer} from './scripted-server';

type Headers = Readonly<Record<string, string>>;

let server: ScriptedServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** The warnings after one request for each of these headers. */
async function warningsAfter(answers: readonly Headers[]): Promise<unknown[]> {
  const left = [...answers];
  server = await scriptedServer(() => ({
    status: 200,
    body: {total_count: 0, runners: []},
    headers: left.shift() ?? {},
  }));
  const lines: string[] = [];
  const github = createGitHub({
    apiUrl: server.url,
    credentials: {kind: 'token', token: async () => new Secret('ghp_personal')},
    clock: new VirtualScheduler(),
    logger: createLogger({level: 'info', destination: {write: (line) => lines.push(line)}}),
  })({kind: 'repository', owner: 'acme', repo: 'app'});
  for (const _ of answers) await github.listRunners();
  return lines.map((line) => JSON.parse(line) as unknown);
}

const headers = (remaining: number, reset = 1_700_000_000): Headers => ({
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': String(reset),
  'x-ratelimit-resource': 'core',
});

test('fewer than a tenth of the requests left is logged once an hour', async () => {
  const warnings = await warningsAfter([headers(500), headers(499), headers(498), headers(10, 1_700_003_600)]);
  expect(warnings).toEqual([
    expect.objectContaining({decision: 'github_limit_near', severity: 'WARNING', reason: 'core', remaining: 499}),
    expect.objectContaining({decision: 'github_limit_near', severity: 'WARNING', reason: 'core', remaining: 10}),
  ]);
});

test('a server without limits causes no warning', async () => {
  expect(await warningsAfter([{}])).toEqual([]);
});
