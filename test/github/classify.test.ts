import {RequestError} from '@octokit/request-error';
import {RetryableError, SlipwayError, Unavailable} from '../../shared/errors';
import {classify, unreadable} from '../../shared/github/errors';
import type {CredentialsKind, GitHubCall} from '../../shared/github/refusals';

const nowMs = Date.parse('2026-11-01T12:00:00Z');
const repository = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
const organization = {kind: 'organization', org: 'acme'} as const;
const register: GitHubCall = {kind: 'register', scope: repository, runnerGroup: {id: 7, name: 'gpu'}};
const registerInOrganization: GitHubCall = {...register, scope: organization};
const runners: GitHubCall = {kind: 'runners', scope: repository};
const installation: GitHubCall = {kind: 'installation', scope: repository};
const token: GitHubCall = {kind: 'token', installationId: 42};

type Headers = Readonly<Record<string, string>>;
const request = {
  method: 'POST' as const,
  url: 'https://api.github.com/x',
  headers: {authorization: 'token ghs_secret'},
};

function answer(status: number, message: string, headers: Headers = {}): RequestError {
  const response = {status, url: request.url, headers, data: {message}, retryCount: 0};
  return new RequestError(message, status, {request, response});
}

function network(code: string): RequestError {
  const cause = new TypeError('fetch failed', {cause: Object.assign(new Error('socket'), {code})});
  const error = new RequestError('socket', 500, {request});
  error.cause = cause;
  return error;
}

function classified(error: unknown, call: GitHubCall, credentials: CredentialsKind = 'app'): SlipwayError {
  const failure = classify(error, call, {nowMs, credentials});
  if (!(failure instanceof SlipwayError)) throw new Error('expected one of our errors', {cause: failure});
  return failure;
}

test.each([
  [409, 'Already exists - A runner with the name *** already exists.', register, 'name_taken'],
  [409, 'Conflict', runners, 'unavailable'],
  [500, 'Server Error', register, 'uncertain'],
  [502, 'Bad Gateway', registerInOrganization, 'uncertain'],
  [503, 'Service Unavailable', register, 'uncertain'],
  [502, 'Bad Gateway', runners, 'unavailable'],
  [503, 'Service Unavailable', token, 'unavailable'],
  [400, 'Problems parsing JSON', register, 'refused'],
  [401, 'Bad credentials', runners, 'refused'],
  [403, 'Resource not accessible by integration', runners, 'refused'],
  [404, 'Not Found', register, 'refused'],
  [422, 'Invalid labels', register, 'refused'],
  [429, 'Too many requests', runners, 'rate_limited'],
])('GitHub\'s %i "%s" is of the right kind', (status, message, call, kind) => {
  expect(classified(answer(status, message), call)).toMatchObject({kind});
});

const resetIn90 = String(nowMs / 1000 + 90);
test.each([
  ['names seconds', 403, 'You have exceeded a secondary rate limit', {'retry-after': '17'}, 17],
  ['names a date', 429, 'Slow down', {'retry-after': 'Sun, 01 Nov 2026 12:02:00 GMT'}, 120],
  ['names a time that is past', 429, 'Slow down', {'retry-after': '0'}, 1],
  ['is secondary and names none', 403, 'You have exceeded a secondary rate limit.', {}, 60],
  ['is secondary, with requests left', 403, 'secondary rate limit', {'x-ratelimit-remaining': '4000'}, 60],
  ['is the abuse detection', 403, 'You have triggered an abuse detection mechanism', {}, 60],
  [
    'is the primary one',
    403,
    'API rate limit exceeded',
    {'x-ratelimit-remaining': '0', 'x-ratelimit-reset': resetIn90},
    90,
  ],
  ['is the primary one as 429', 429, 'no', {'x-ratelimit-remaining': '0', 'x-ratelimit-reset': resetIn90}, 90],
  ['was reset already', 403, 'API rate limit exceeded', {'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1'}, 1],
  ['is primary without a reset', 403, 'API rate limit exceeded', {'x-ratelimit-remaining': '0'}, 60],
  ['is a bare 429', 429, '', {}, 60],
])('a rate limit that %s is waited for as long as it says', (_, status, message, headers: Headers, seconds) => {
  const failure = classified(answer(status, message, headers), register);
  expect(failure).toMatchObject({kind: 'rate_limited', retryAfterSeconds: seconds});
});

test.each([
  ['metadata', 'Metadata: read'],
  ['actions', 'Actions: read'],
  ['rerun', 'Actions: write'],
  ['hooks', 'Webhooks: write'],
] as const)('the sweep’s call that takes %s asks for no more than "%s"', (permission, expected) => {
  const call: GitHubCall = {kind: 'discovery', scope: repository, what: 'the runs', permission};
  const error = answer(403, 'Resource not accessible by integration');
  expect(classified(error, call)).toMatchObject({kind: 'refused', message: expect.stringContaining(`"${expected}"`)});
});

test('a missing permission on the last request of the hour is a refusal, not a rate limit', () => {
  const error = answer(403, 'Resource not accessible by integration', {'x-ratelimit-remaining': '0'});
  expect(classified(error, runners)).toMatchObject({kind: 'refused', reason: 'permission'});
});

test('the retry-after of a 503 is respected', () => {
  expect(classified(answer(503, 'Down', {'retry-after': '33'}), runners)).toMatchObject({retryAfterSeconds: 33});
});

test.each([
  ['ECONNRESET', register, 'uncertain'],
  ['UND_ERR_SOCKET', register, 'uncertain'],
  ['EPIPE', register, 'uncertain'],
  ['ECONNRESET', runners, 'unavailable'],
  ['ECONNREFUSED', register, 'unavailable'],
  ['ENOTFOUND', register, 'unavailable'],
  ['UND_ERR_CONNECT_TIMEOUT', register, 'unavailable'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', register, 'refused'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', runners, 'refused'],
])('%s leaves a doubt only where something may have been registered', (code, call, kind) => {
  expect(classified(network(code), call)).toMatchObject({kind, message: expect.stringContaining(code)});
});

test('a time-out makes a registration uncertain, and a list unavailable', () => {
  const timeout = new RequestError('aborted', 500, {request});
  timeout.cause = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  expect(classified(timeout, register)).toMatchObject({
    kind: 'uncertain',
    message: expect.stringContaining('time-out'),
  });
  expect(classified(timeout, runners)).toMatchObject({kind: 'unavailable'});
  expect(classified(new DOMException('aborted', 'AbortError'), register)).toMatchObject({kind: 'uncertain'});
});

test('an unreadable answer makes a registration uncertain, and a list unavailable', () => {
  expect(unreadable(register, 'nothing')).toMatchObject({kind: 'uncertain'});
  expect(unreadable(runners, 'nothing')).toMatchObject({kind: 'unavailable'});
});

test.each<[number, string, GitHubCall, CredentialsKind, string[]]>([
  [401, 'Bad credentials', runners, 'app', ['GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_ID']],
  [401, 'Bad credentials', runners, 'token', ['GITHUB_TOKEN', 'expired']],
  [403, 'Resource not accessible by integration', register, 'app', ['Administration: write', 'acme/app']],
  [403, 'Resource not accessible by integration', registerInOrganization, 'app', ['Self-hosted runners: write']],
  [403, 'Resource not accessible by personal access token', register, 'token', ['scope repo']],
  [403, 'Must have admin rights to Repository.', registerInOrganization, 'token', ['admin:org']],
  [403, '`acme` has an IP allow list enabled, and your IP address is not permitted', runners, 'app', ['static egress']],
  [404, 'not in the IP allow list', register, 'app', ['static egress']],
  [403, 'Resource protected by organization SAML enforcement', runners, 'token', ['Configure SSO']],
  [404, 'Not Found', token, 'app', ['Installation 42', 'suspended', 'GITHUB_APP_INSTALLATION_ID']],
  [403, 'This installation has been suspended', token, 'app', ['Installation 42', 'unsuspend']],
  [404, 'Not Found', installation, 'app', ['not installed on repository acme/app']],
  [403, 'Repository level self-hosted runners are disabled', register, 'app', ['runner_group_id 7', 'disabled']],
  [404, 'Not Found', registerInOrganization, 'app', ['runner_group_id 7', '"gpu"', 'organization acme', 'runnerGroup']],
  [422, 'Labels are too many', register, 'app', ['Labels are too many', 'pool']],
])('the refusal %i "%s" says what to change', (status, message, call, credentials, expected) => {
  const failure = classified(answer(status, message, {'x-github-request-id': 'F00D:1'}), call, credentials);
  expect(failure).toMatchObject({kind: 'refused', retryable: false});
  for (const part of [...expected, String(status), 'F00D:1']) expect(failure.message).toContain(part);
});

test('a message contains no token, no JIT config, and not the whole answer', () => {
  const jit = Buffer.from('x'.repeat(3000)).toString('base64');
  const message = `ghs_0123456789abcdefghij ${jit} Bearer abcdefghijklmnopqrstuvwxyz ${'words '.repeat(500)}`;
  const failure = classified(answer(422, message), register);
  expect(failure.message).not.toMatch(/ghs_|eHh4eHh4|abcdefghij/);
  expect(failure.message.length).toBeLessThan(700);
  expect(failure.cause).toBeUndefined();
});

test('a typed error passes unchanged, and so does one that is not from the network', () => {
  const ours = new Unavailable('no token', 5);
  const bug = new TypeError('undefined is not a function');
  expect(classify(ours, register, {nowMs, credentials: 'app'})).toBe(ours);
  expect(classify(bug, register, {nowMs, credentials: 'app'})).toBe(bug);
  expect(ours).toBeInstanceOf(RetryableError);
});
