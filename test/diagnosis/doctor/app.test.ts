import {
  deliveriesFinding,
  eventsFinding,
  missingPermissions,
  ownersOf,
  permissionsFinding,
  scopesFinding,
  silenceFinding,
  webhookFinding,
} from '../../../shared/diagnosis/doctor/app';
import {configurationFinding, sweepFinding} from '../../../shared/diagnosis/doctor/deployment';
import {admissionFinding, groupFinding} from '../../../shared/diagnosis/doctor/groups';
import {installationsFinding} from '../../../shared/diagnosis/doctor/installations';
import {Unavailable} from '../../../shared/errors';
import type {AppInstallation, DiscoveredDelivery} from '../../../shared/github/github';
import type {Pool} from '../../../shared/model/pool';

const NOW = Date.parse('2026-11-01T12:00:00Z');
const MINUTE = 60_000;
const NEEDED = {metadata: 'read', actions: 'read', administration: 'write'};

function aPool(changes: Partial<Pool>): Pool {
  return {
    name: 'arm',
    scope: {kind: 'repositories', patterns: ['acme/app']},
    requires: ['linux'],
    offers: null,
    acceptsUnlabeled: false,
    runnerGroup: 'Default',
    maxRunners: 5,
    minIdle: 0,
    bootMinutes: 5,
    idleMinutes: 10,
    jobMinutes: 60,
    allowPublicRepos: false,
    rerunOnPreemption: false,
    priority: 0,
    provider: {type: 'gce', template: 'runner', spot: 'never'},
    ...changes,
  };
}

function installed(login: string, changes: Partial<AppInstallation> = {}): AppInstallation {
  return {id: 1, login, isSuspended: false, permissions: NEEDED, ...changes};
}

test('write includes read, and read is not enough for write', () => {
  expect(missingPermissions({metadata: 'write', actions: 'read', administration: 'admin'}, NEEDED)).toEqual([]);
  expect(missingPermissions({metadata: 'read', administration: 'read'}, NEEDED)).toEqual([
    'actions: read',
    'administration: write',
  ]);
});

test('permissions: what the App asks for comes before what an account of the pools has accepted', () => {
  const old = installed('Acme', {permissions: {metadata: 'read'}});
  expect(permissionsFinding({}, [old], NEEDED, ['acme'])).toMatchObject({
    status: 'error',
    because: expect.stringMatching(/the App lacks/),
  });
  expect(permissionsFinding(NEEDED, [old], NEEDED, ['acme'])).toMatchObject({
    status: 'error',
    because: 'Acme has not accepted actions: read, administration: write',
  });
  expect(permissionsFinding(NEEDED, [old], NEEDED, ['other'])).toMatchObject({status: 'ok'});
});

test('the accounts of the pools are those without *, once each', () => {
  const scopes = [
    {kind: 'organization', org: 'Acme'},
    {kind: 'repositories', patterns: ['acme/*', '*/app', '!else/app', 'bob/app']},
  ] as const;
  expect(ownersOf(scopes.map((scope) => aPool({scope})))).toEqual(['acme', 'bob']);
});

test.each([
  ['another URL', {url: 'https://other.example'}, 'https://w.example/', 'error'],
  ['the URL, but for a slash', {url: 'https://w.example'}, 'https://w.example/', 'ok'],
  ['no URL', {url: null}, 'https://w.example', 'error'],
  ['no secret', {hasSecret: false}, 'https://w.example', 'error'],
  ['certificates that are not verified', {isInsecure: true}, 'https://w.example', 'warning'],
  ['nothing to compare it with', {}, undefined, 'skipped'],
])('a webhook with %s', (_, changes, expected, status) => {
  const webhook = {url: 'https://w.example', hasSecret: true, isInsecure: false, ...changes};
  expect(webhookFinding(webhook, expected).status).toBe(status);
});

test.each([
  ['no delivery for an hour, and a job since', NOW - 60 * MINUTE, NOW - MINUTE, 'warning'],
  ['no delivery at all, and a job', null, NOW - MINUTE, 'warning'],
  ['no delivery for less than an hour', NOW - 59 * MINUTE, NOW - MINUTE, undefined],
  ['no job since the last delivery', NOW - 90 * MINUTE, NOW - 91 * MINUTE, undefined],
  ['no job', null, null, undefined],
])('an inactive webhook shows by its effect: %s', (_, deliveredAt, newestEventAt, status) => {
  expect(silenceFinding(deliveredAt, newestEventAt, NOW)?.status).toBe(status);
});

function attempt(ok: boolean): DiscoveredDelivery {
  return {
    hook: {kind: 'app'},
    id: 1,
    guid: 'g',
    event: 'workflow_job',
    action: 'queued',
    deliveredAt: NOW,
    redelivery: false,
    ok,
    statusCode: ok ? 202 : 503,
  };
}

test.each([
  ['none', [], 'skipped'],
  ['all of them well', [true, true], 'ok'],
  ['the newest failed', [false, true], 'error'],
  ['the 20th failed', [...Array(19).fill(true), false], 'warning'],
  ['the 21st failed', [...Array(20).fill(true), false], 'ok'],
])('deliveries, the newest first: %s', (_, results: boolean[], status) => {
  expect(deliveriesFinding(results.map(attempt)).status).toBe(status);
});

test('deliveries that are answered 401 point to the secret', () => {
  const refused = {...attempt(false), statusCode: 401};
  expect(deliveriesFinding([refused]).do).toContain('GITHUB_WEBHOOK_SECRET');
  expect(deliveriesFinding([attempt(true), refused]).do).toContain('GITHUB_WEBHOOK_SECRET');
  expect(deliveriesFinding([attempt(false)]).do).not.toContain('GITHUB_WEBHOOK_SECRET');
});

test('installations: absent and suspended accounts are named, and an incomplete list proves no absence', () => {
  const list = {items: [installed('Acme'), installed('bob', {isSuspended: true})], failure: undefined};
  expect(installationsFinding(list, ['acme'])).toMatchObject({status: 'ok'});
  expect(installationsFinding(list, ['acme', 'bob', 'eve']).because).toBe(
    'the App is not installed on eve; the installation is suspended on bob',
  );
  expect(installationsFinding({items: [], failure: undefined}, [])).toMatchObject({status: 'error'});
  const failure = new Unavailable('GitHub is down', 10);
  expect(() => installationsFinding({...list, failure}, ['eve'])).toThrow(failure);
});

test('events and scopes', () => {
  expect(eventsFinding(['workflow_job', 'push']).status).toBe('ok');
  expect(eventsFinding([]).because).toMatch(/it receives none/);
  const pools = [aPool({}), aPool({scope: {kind: 'organization', org: 'acme'}})];
  expect(scopesFinding(null, pools).status).toBe('skipped');
  expect(scopesFinding(['repo', 'admin:org'], pools).status).toBe('ok');
  expect(scopesFinding(['repo'], pools)).toMatchObject({status: 'error', because: expect.stringMatching(/admin:org/)});
});

test.each([
  [null, 'error'],
  [NOW - 179_000, 'ok'],
  [NOW - 180_000, 'warning'],
  [NOW - 15 * MINUTE + 1, 'warning'],
  [NOW - 15 * MINUTE, 'error'],
])('a sweep every minute, the last at %p: %s', (lastAt, status) => {
  expect(sweepFinding(lastAt, NOW, 60).status).toBe(status);
});

test('the sentence says when the last sweep ended, which is what is on record', () => {
  expect(sweepFinding(NOW - 180_000, NOW, 60).because).toBe('the last sweep ended 180 s ago');
});

test('a sweep every ten minutes is no error before three of them are missed', () => {
  expect(sweepFinding(NOW - 20 * MINUTE, NOW, 600).status).toBe('ok');
  expect(sweepFinding(NOW - 30 * MINUTE, NOW, 600).status).toBe('error');
});

describe('runner groups', () => {
  const pool = aPool({scope: {kind: 'organization', org: 'acme'}, runnerGroup: 'Builders'});
  const theDefault = {name: 'Default', isDefault: true, allowsPublicRepositories: false};
  const builders = {name: 'builders', isDefault: false, allowsPublicRepositories: false};

  test('a group is found without case, and the default one under any name', () => {
    expect(groupFinding(pool, 'acme', [theDefault, builders]).status).toBe('ok');
    const renamed = {...theDefault, name: 'Everybody'};
    expect(groupFinding({...pool, runnerGroup: 'Default'}, 'acme', [renamed]).status).toBe('ok');
    expect(groupFinding(pool, 'acme', [theDefault])).toMatchObject({
      status: 'error',
      because: expect.stringMatching(/it has "Default"/),
    });
  });

  test('a group that admits less than the pool takes is a warning', () => {
    expect(groupFinding({...pool, allowPublicRepos: true}, 'acme', [builders]).status).toBe('warning');
    expect(groupFinding(pool, 'acme', [{...builders, onlyWorkflows: ['acme/app/ci.yml']}])).toMatchObject({
      status: 'warning',
      because: expect.stringMatching(/acme\/app\/ci\.yml/),
    });
  });

  test('a repository that the group does not admit is an error, and a missing group is not reported twice', () => {
    expect(admissionFinding(pool, 'acme/app', [theDefault, builders], [theDefault])).toMatchObject({status: 'error'});
    expect(admissionFinding(pool, 'acme/app', [theDefault], [theDefault]).status).toBe('ok');
  });
});

test('configuration: a fallback that is drained is a warning, with the pool whose jobs it does not serve', () => {
  const pools = [aPool({name: 'a', fallback: 'b'}), aPool({name: 'b'})];
  expect(configurationFinding(undefined, {pools})).toEqual({
    status: 'ok',
    because: expect.any(String),
    do: expect.any(String),
  });
  const drained = [
    aPool({name: 'a', fallback: 'b'}),
    aPool({name: 'b', maxRunners: 0}),
    aPool({name: 'c', maxRunners: 0}),
  ];
  expect(configurationFinding(undefined, {pools: drained})).toMatchObject({
    status: 'warning',
    because: expect.stringMatching(/: pool a falls back to b, whose maxRunners is 0$/),
  });
});
