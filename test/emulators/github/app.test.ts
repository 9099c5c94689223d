import {createSign, generateKeyPairSync} from 'node:crypto';
import {Octokit} from '@octokit/rest';
import {SeededRandom} from '../seeded-random';
import {type StartedGitHub, startGitHub} from './start-github';

const RUNNERS = 'GET /repos/{owner}/{repo}/actions/runners';
const APP = {owner: 'acme', repo: 'app'};
const quiet = {debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined};

let github: StartedGitHub;

async function start(options: Parameters<typeof startGitHub>[0] = {}) {
  await github?.server.close();
  github = await startGitHub(options);
  github.world.addRepository('acme/app', {installationId: 7001});
}

beforeEach(() => start());
afterEach(() => github.server.close());

function withToken(token: string): Octokit {
  return new Octokit({baseUrl: github.server.url, auth: token, log: quiet});
}

function jwt(claims: object, key = github.world.app.privateKeyPem): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({alg: 'RS256', typ: 'JWT'})}.${part(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

async function asApp(token: string): Promise<{status: number; message?: unknown}> {
  const response = await fetch(`${github.server.url}/app`, {headers: {authorization: `Bearer ${token}`}});
  const {message} = (await response.json()) as {message?: unknown};
  return {status: response.status, message};
}

describe('with the App on a clock that stands still', () => {
  const now = Date.parse('2026-11-01T00:00:00Z') / 1000;
  const otherKey = () =>
    generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey.export({type: 'pkcs1', format: 'pem'}).toString();

  beforeEach(() => start({appId: 77, authClock: {now: () => now * 1000, sleep: async () => undefined}}));

  it.each([
    ['good', {iss: '77', iat: now - 60, exp: now + 540}, 200, undefined],
    ['expired', {iss: '77', iat: now - 660, exp: now - 60}, 401, /must be a numeric value representing the future/],
    ['valid for too long', {iss: '77', iat: now, exp: now + 3600}, 401, /too far in the future/],
    ['of the future', {iss: '77', iat: now + 600, exp: now + 900}, 401, /'Issued at' claim/],
    ['of another App', {iss: '78', iat: now - 60, exp: now + 540}, 401, /'Issuer' claim/],
  ])('answers a JWT that is %s', async (_, claims, status, message) => {
    const answer = await asApp(jwt(claims));
    expect(answer.status).toBe(status);
    if (message) expect(answer.message).toMatch(message);
  });

  it('refuses a JWT that another key has signed', async () => {
    const answer = await asApp(jwt({iss: '77', iat: now - 60, exp: now + 540}, otherKey()));
    expect(answer).toMatchObject({status: 401, message: 'A JSON web token could not be decoded'});
  });
});

it('ends an installation token after an hour', async () => {
  let nowMs = 0;
  await start({authClock: {now: () => nowMs, sleep: async () => undefined}});
  const {token} = github.world.app.createInstallationToken(7001);
  expect((await withToken(token).request(RUNNERS, APP)).status).toBe(200);
  nowMs = 3_600_000;
  await expect(withToken(token).request(RUNNERS, APP)).rejects.toMatchObject({status: 401});
});

it('refuses the token of a suspended installation, and gives it no new one', async () => {
  const {token, installation} = github.world.app.createInstallationToken(7001);
  installation.suspended = true;
  await expect(withToken(token).request(RUNNERS, APP)).rejects.toMatchObject({status: 403});
  await expect(github.client(7001).request(RUNNERS, APP)).rejects.toMatchObject({status: 403});
});

it('shows an installation nothing of what it is not installed on', async () => {
  github.world.addRepository('other/secret', {installationId: 7002});
  const asked = github.client(7001).request(RUNNERS, {owner: 'other', repo: 'secret'});
  await expect(asked).rejects.toMatchObject({status: 404});
});

it('refuses what the installation has no permission for', async () => {
  const account = github.world.addOrganization('poor');
  github.world.app.install(account, {id: 7003, permissions: {actions: 'read'}});
  github.world.addRepository('poor/app');
  const poor = {owner: 'poor', repo: 'app'};
  await expect(github.client(7003).request(RUNNERS, poor)).rejects.toMatchObject({
    status: 403,
    message: expect.stringContaining('Resource not accessible by integration'),
  });
});

it('opens to a personal token what its user administers', async () => {
  const octokit = withToken(github.world.app.addPersonalToken('octocat'));
  expect((await octokit.request(RUNNERS, APP)).data.total_count).toBe(0);
  const visitor = withToken(github.world.app.addPersonalToken('visitor', {admin: false}));
  await expect(visitor.request(RUNNERS, APP)).rejects.toMatchObject({status: 403});
  await expect(withToken('ghp_wrong').request(RUNNERS, APP)).rejects.toMatchObject({status: 401});
});

it('counts requests by installation and refuses past the primary limit until the hour is over', async () => {
  await start({rateLimits: {primary: 2}});
  const octokit = github.client(7001);
  await octokit.request(RUNNERS, APP);
  const {headers} = await octokit.request(RUNNERS, APP);
  expect(headers).toMatchObject({'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '0', 'x-ratelimit-used': '2'});
  const reset = github.scheduler.now() / 1000 + 3600;
  await expect(octokit.request(RUNNERS, APP)).rejects.toMatchObject({
    status: 403,
    message: expect.stringContaining('API rate limit exceeded'),
    response: {headers: {'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset)}},
  });
  expect((await octokit.request('GET /rate_limit')).data.rate).toMatchObject({limit: 2, remaining: 0});
  github.scheduler.advance(3_600_000);
  expect((await octokit.request(RUNNERS, APP)).status).toBe(200);
});

it('refuses past the secondary limit with Retry-After, a write counting for five reads', async () => {
  await start({rateLimits: {secondary: 6}});
  const octokit = github.client(7001);
  await octokit.request(RUNNERS, APP);
  const write = () => octokit.request('POST /repos/{owner}/{repo}/actions/runners/registration-token', APP);
  expect((await write()).status).toBe(201);
  github.scheduler.advance(20_000);
  await expect(octokit.request(RUNNERS, APP)).rejects.toMatchObject({
    status: 403,
    message: expect.stringContaining('secondary rate limit'),
    response: {headers: {'retry-after': '40'}},
  });
});

it('gives the same ids and tokens for the same seed', async () => {
  const token = async () => {
    await start({random: new SeededRandom(7)});
    return github.world.app.createInstallationToken(7001).token;
  };
  expect(await token()).toBe(await token());
});
