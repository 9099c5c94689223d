import * as z from 'zod';
import {Secret} from '../secret';
import type {AppSettings} from './config-types';
import {isSecretReference, parseAppId, parsePrivateKey, parseSecretSource, SECRET_FORMS} from './credentials';
import type {Problems, Variables} from './variables';
import {expectedText, parseYaml, reportIssues} from './yaml';

const NAME = 'GITHUB_APPS';

/** More than these share no load that anybody has: each App adds GitHub's whole limit. */
const MAX_APPS = 20;

const APP_ID = 'the number of the GitHub App, or a reference to a secret';
const PRIVATE_KEY = 'the private key of the App, or a reference to a secret';

const AppInList = z.strictObject({
  appId: z.union([z.int({error: APP_ID}).positive({error: APP_ID}), z.string().min(1, {error: APP_ID})], {
    error: APP_ID,
  }),
  privateKey: z.string({error: PRIVATE_KEY}).min(1, {error: PRIVATE_KEY}),
  installationId: z
    .union([z.int().positive(), z.string().regex(/^[1-9]\d{0,14}$/)], {error: 'the number of the installation'})
    .optional(),
});

const Apps = z.array(AppInList).max(MAX_APPS, {error: `at most ${MAX_APPS} Apps`});

/** Reads `GITHUB_APPS`: the Apps beside the first one, as YAML or JSON. No problem shows a key. */
export function readMoreApps(variables: Variables, problems: Problems): AppSettings[] {
  const text = variables.text(NAME);
  if (text === undefined) return [];
  const parsed = parseYaml(text, NAME, problems);
  if (parsed.kind === 'invalid') return [];
  const read = Apps.safeParse(parsed.value, {error: expectedText});
  if (!read.success) {
    reportIssues(read.error.issues, parsed.value, NAME, problems);
    return [];
  }
  if (read.data.length > 0 && variables.text('GITHUB_APP_ID') === undefined) {
    problems.report(
      NAME,
      `${read.data.length} more Apps, and no GITHUB_APP_ID`,
      'the first App in GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY: it receives the webhooks',
    );
  }
  return read.data.flatMap((app, index) => readApp(app, `${NAME}[${index}]`, problems) ?? []);
}

function readApp(app: z.infer<typeof AppInList>, path: string, problems: Problems): AppSettings | undefined {
  const appId = typeof app.appId === 'number' ? app.appId : readId(app.appId);
  if (appId === undefined) {
    problems.report(
      `${path}.appId`,
      problems.describe(app.appId),
      'the number of the GitHub App, or a reference to a secret that holds it',
    );
  }
  const privateKey = readKey(app.privateKey, `${path}.privateKey`, problems);
  if (appId === undefined || !privateKey) return undefined;
  const installationId = app.installationId === undefined ? {} : {installationId: Number(app.installationId)};
  return {appId, privateKey, ...installationId};
}

function readId(text: string): AppSettings['appId'] | undefined {
  if (!isSecretReference(text)) return parseAppId(text);
  const source = parseSecretSource(text);
  return source?.kind === 'literal' ? undefined : source;
}

function readKey(text: string, path: string, problems: Problems): AppSettings['privateKey'] | undefined {
  const source = parseSecretSource(text);
  if (!source) {
    problems.report(path, 'a malformed reference', SECRET_FORMS);
    return undefined;
  }
  if (source.kind !== 'literal') return source;
  const key = parsePrivateKey(source.secret.reveal());
  if (key.kind === 'pem') return {kind: 'literal', secret: new Secret(key.pem)};
  problems.report(path, key.found, key.expected);
  return undefined;
}
