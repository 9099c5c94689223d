import {parseConfig} from '../../shared/config/config';
import {COMPLETE, PKCS1, PKCS8, problemsOf} from './environments';

const {GITHUB_TOKEN: _, ...rest} = COMPLETE;
const FIRST = {...rest, GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: PKCS1};
const KEY = 'the RSA private key that GitHub offers for download, as PEM, PEM with \\n escapes, or base64 of PEM';
const SECRET_FORMS = 'projects/P/secrets/S, projects/P/secrets/S/versions/V, file:<path>, or the value itself';

const appsOf = (text: string) => parseConfig({...FIRST, GITHUB_APPS: text}, 'provision').github.moreApps;
const problems = (text: string, env: object = FIRST) =>
  problemsOf(() => parseConfig({...env, GITHUB_APPS: text}, 'provision'));

test('without GITHUB_APPS there is one App', () => {
  expect(parseConfig(FIRST, 'provision').github.moreApps).toEqual([]);
  expect(appsOf(' ')).toEqual([]);
  expect(appsOf('[]')).toEqual([]);
});

test('GITHUB_APPS is a list in JSON', () => {
  const [app] = appsOf(JSON.stringify([{appId: 2, privateKey: PKCS1, installationId: 7}]));
  expect(app).toMatchObject({appId: 2, privateKey: {kind: 'literal'}, installationId: 7});
  expect(app?.privateKey.kind === 'literal' && app.privateKey.secret.reveal()).toBe(PKCS8);
});

test('GITHUB_APPS is a list in YAML, whose ids and keys may be references', () => {
  const text = `
- {appId: projects/p/secrets/id, privateKey: projects/p/secrets/key}
- {appId: "3", privateKey: file:/secrets/app-3.pem, installationId: "9"}`;
  expect(appsOf(text)).toEqual([
    {
      appId: {kind: 'resource', name: 'projects/p/secrets/id'},
      privateKey: {kind: 'resource', name: 'projects/p/secrets/key'},
    },
    {appId: 3, privateKey: {kind: 'file', path: '/secrets/app-3.pem'}, installationId: 9},
  ]);
});

test.each<[string, string[]]>([
  ['{appId: 2}', ['GITHUB_APPS: an object → a list']],
  ['[{appId: 2}]', ['GITHUB_APPS[0].privateKey: nothing → the private key of the App, or a reference to a secret']],
  [
    '[{appId: 0, privateKey: ""}, {appId: 2, privateKey: 5}]',
    [
      'GITHUB_APPS[0].appId: 0 → the number of the GitHub App, or a reference to a secret',
      'GITHUB_APPS[0].privateKey: "" → the private key of the App, or a reference to a secret',
      'GITHUB_APPS[1].privateKey: 5 → the private key of the App, or a reference to a secret',
    ],
  ],
  [
    '[{privateKey: "file:k"}]',
    ['GITHUB_APPS[0].appId: nothing → the number of the GitHub App, or a reference to a secret'],
  ],
  [
    '[{appId: x, privateKey: "file:k"}]',
    ['GITHUB_APPS[0].appId: "x" → the number of the GitHub App, or a reference to a secret that holds it'],
  ],
  [
    '[{appId: 2, privateKey: projects/p/nothing}]',
    [`GITHUB_APPS[0].privateKey: a malformed reference → ${SECRET_FORMS}`],
  ],
  [
    '[{appId: 2, privateKey: nonsense}]',
    [`GITHUB_APPS[0].privateKey: text that is neither PEM nor base64 of PEM → ${KEY}`],
  ],
  [
    '[{appId: 2, privateKey: "file:k", installation: 3}]',
    ['GITHUB_APPS[0].installation: an unknown key → installationId (or another of appId, privateKey)'],
  ],
])('%s is an error that names its place', (text, expected) => {
  expect(problems(text)).toEqual(expected);
});

test('more Apps need a first one, which receives the webhooks', () => {
  expect(problems('[{appId: 2, privateKey: "file:k"}]', COMPLETE)).toEqual([
    'GITHUB_APPS: 1 more Apps, and no GITHUB_APP_ID → the first App in GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY: it receives the webhooks',
  ]);
});

test.each([
  ['a key in the wrong place', `[{appId: ${JSON.stringify(PKCS1)}, privateKey: "file:k"}]`],
  ['a key that is the whole text', JSON.stringify(PKCS1)],
  ['a key as the name of a key', `[{${JSON.stringify(PKCS1)}: 1, appId: 2, privateKey: "file:k"}]`],
  ['base64 of a key in another variable', '[]'],
])('no problem shows %s', (_name, text) => {
  const body = PKCS1.split('\n')[3] ?? '';
  const shown = problems(text, {...FIRST, LOG_LEVEL: PKCS1}).join('\n');
  expect(shown).not.toBe('');
  expect(shown).not.toContain(body);
});
