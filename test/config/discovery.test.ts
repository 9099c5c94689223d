import {parseConfig} from '../../shared/config/config';
import {cronMatches, isCron} from '../../shared/model/warm';
import {COMPLETE, PKCS1, POOLS, problemsOf} from './environments';

const {GITHUB_TOKEN: _, ...withoutToken} = COMPLETE;
const app = {...withoutToken, GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: PKCS1};

test.each([
  ['with an App', app, POOLS, 'installation'],
  ['with a token', COMPLETE, POOLS, 'configured'],
  ['as it is set', app, `discovery: organization\n${POOLS}`, 'organization'],
])('discovery %s is %4$s', (_, env, text, expected) => {
  expect(parseConfig({...env, RUNNER_CONFIG: text}, 'sweep').discovery).toBe(expected);
});

test('an unknown discovery is an error', () => {
  const RUNNER_CONFIG = `discovery: all\n${POOLS}`;
  expect(problemsOf(() => parseConfig({...COMPLETE, RUNNER_CONFIG}, 'sweep'))).toEqual([
    'RUNNER_CONFIG.discovery: "all" → installation, organization or configured',
  ]);
});

test.each<[string, object, string, string]>([
  ['a discovery', {}, 'discovery: organization\n', 'RUNNER_CONFIG.discovery'],
  ['an old name', {DISCOVERY_MODE: 'organization'}, '', 'DISCOVERY_MODE'],
])('%s of organisations that no pool names would find nothing, and is an error', (_, env, head, path) => {
  const found = (repos: string) => {
    const RUNNER_CONFIG = `${head}pools: [{repos: [${repos}], requires: [a], provider: {type: gce, template: t}}]`;
    return problemsOf(() => parseConfig({...COMPLETE, ...env, RUNNER_CONFIG}, 'sweep'));
  };
  expect(found('"*/*", "!acme/*"')).toEqual([
    `${path}: organization, and no pool that names one → installation or configured; or a pool that names an owner without *: no other is looked into`,
  ]);
  expect(found('"*/*", "acme/*"')).toEqual([]);
});

const monday = (time: string) => Date.parse(`2026-11-02T${time}Z`);

test.each([
  ['* 8-17 * * mon-fri', 'UTC', '08:00:00', true],
  ['* 8-17 * * mon-fri', 'UTC', '17:59:59.999', true],
  ['* 8-17 * * mon-fri', 'UTC', '18:00:00', false],
  ['* 8-17 * * mon-fri', 'Europe/Berlin', '07:00:30', true],
  ['* 8-17 * * mon-fri', 'Europe/Berlin', '17:00:00', false],
  ['*/15 * * * *', 'UTC', '09:30:45', true],
  ['*/15 * * * *', 'UTC', '09:31:00', false],
  ['* * * * sun', 'UTC', '09:31:00', false],
  ['* * 1 * mon', 'UTC', '09:31:00', true],
])('the cron %s in %s at %s matches: %s', (cron, timezone, time, expected) => {
  expect(cronMatches(cron, timezone, monday(time))).toBe(expected);
});

test('nicknames such as @daily are refused', () => {
  expect(isCron('@daily')).toBe(false);
});
