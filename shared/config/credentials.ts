import {createPrivateKey} from 'node:crypto';
import {Refused} from '../errors';
import {SECRET} from '../model/names';
import {Secret} from '../secret';
import {type Environment, type Problems, present, type Variables} from './variables';

const SECRET_VARIABLES = [
  'GITHUB_APP_PRIVATE_KEY',
  'GITHUB_TOKEN',
  'GITHUB_WEBHOOK_SECRET',
  'RUNNER_MANAGER_SECRET',
  'TASK_SIGNING_KEY',
  'CODEMAGIC_TOKEN',
  'GITHUB_CREDENTIALS',
  'GITHUB_RUNNER_TOKEN',
  'WEBHOOK_TOKEN',
];

/** The literal secrets in the environment, so that messages can mask them. Secrets shorter than 4 characters are left out, because they would mask parts of words. */
export function literalSecrets(env: Environment, also: Readonly<Record<string, string>> = {}): string[] {
  return SECRET_VARIABLES.flatMap((name) => [env[name] ?? '', also[name] ?? ''])
    .flatMap((text) => [text, ...text.split(',')])
    .map((part) => part.trim())
    .concat(keysInApps(env['GITHUB_APPS'] ?? ''))
    .filter((part) => part.length >= 4 && parseSecretSource(part)?.kind === 'literal');
}

/** The literal keys in the text of `GITHUB_APPS`, however it is written. */
function keysInApps(text: string): string[] {
  return [...text.matchAll(/privateKey["']?\s*:\s*["']?([^"',}\s][^"',}\n]{3,})/g)].map(([, key = '']) => key.trim());
}

/** Reads one secret. A problem names the variable and never shows its value. */
export function readSecret(variables: Variables, problems: Problems, name: string): SecretSource | undefined {
  const text = variables.text(name);
  if (text === undefined) {
    if (variables.isRequired(name)) problems.report(name, 'nothing', SECRET_FORMS);
    return undefined;
  }
  const source = parseSecretSource(text);
  if (!source) problems.report(name, 'a malformed reference', SECRET_FORMS);
  return source;
}

/**
 * Reads one or several secrets, separated by commas, all of which are valid. A file or a version in Secret Manager may hold several, too.
 * An empty secret is an error, because with it anybody could sign.
 */
export function readSecrets(
  variables: Variables,
  problems: Problems,
  name: string,
  isRequired = variables.isRequired(name),
): SecretSource[] {
  const text = variables.text(name);
  if (text === undefined) {
    if (isRequired) {
      problems.report(name, 'nothing', `one secret, or several separated by commas, each ${SECRET_FORMS}`);
    }
    return [];
  }
  const parts = text.split(',').map((part) => part.trim());
  return parts.flatMap((part, index): SecretSource[] => {
    const source = parseSecretSource(part);
    if (source) return [source.kind === 'literal' ? source : {...source, isList: true}];
    const path = parts.length === 1 ? name : `${name}[${index}]`;
    problems.report(path, part ? 'a malformed reference' : 'an empty secret', SECRET_FORMS);
    return [];
  });
}

export interface GitHubCredentials {
  readonly appId?: number | SecretReference;
  readonly privateKey?: SecretSource;
  readonly token?: SecretSource;
}

/** The App's credentials, else a token. If both are set, the App's are used, because they are limited to the App's installations. */
export function readGitHubCredentials(variables: Variables, problems: Problems, required: boolean): GitHubCredentials {
  const appId = variables.read(
    'GITHUB_APP_ID',
    'the number of the GitHub App, as its settings show it, or a reference to a secret that holds it',
    (text) => (isSecretReference(text) ? referenceOf(text) : parseAppId(text)),
  );
  const privateKey = readPrivateKey(variables, problems);
  const token = readSecret(variables, problems, 'GITHUB_TOKEN');
  const has = {
    app: variables.text('GITHUB_APP_ID') !== undefined,
    key: variables.text('GITHUB_APP_PRIVATE_KEY') !== undefined,
    token: variables.text('GITHUB_TOKEN') !== undefined,
  };
  if (required && has.app !== has.key) {
    const [missing, given] = has.app
      ? ['GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_ID']
      : ['GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY'];
    problems.report(missing, 'nothing', `a value, since ${given} is set; or neither of them and GITHUB_TOKEN`);
  } else if (required && !has.app && !has.token) {
    problems.report(
      'GITHUB_APP_ID',
      'nothing',
      'the number of the GitHub App, with GITHUB_APP_PRIVATE_KEY; or GITHUB_TOKEN in place of both',
    );
  }
  return appId !== undefined && privateKey ? {appId, privateKey} : present({token});
}

/** The number of an App; undefined: the text is none. */
export function parseAppId(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

function referenceOf(text: string): SecretReference | undefined {
  const source = parseSecretSource(text);
  return source?.kind === 'literal' ? undefined : source;
}

function readPrivateKey(variables: Variables, problems: Problems): SecretSource | undefined {
  const source = readSecret(variables, problems, 'GITHUB_APP_PRIVATE_KEY');
  if (source?.kind !== 'literal') return source;
  const key = parsePrivateKey(source.secret.reveal());
  if (key.kind === 'pem') return {kind: 'literal', secret: new Secret(key.pem)};
  problems.report('GITHUB_APP_PRIVATE_KEY', key.found, key.expected);
  return undefined;
}

/**
 * The App's private key as it was read at run time, in any spelling that the configuration takes, as PKCS#8 PEM. Throws `Refused` when it
 * is none; the message says nothing of its content.
 */
export function checkedPrivateKey(secret: Secret, name = 'GITHUB_APP_PRIVATE_KEY'): Secret {
  const key = parsePrivateKey(secret.reveal());
  if (key.kind === 'pem') return new Secret(key.pem);
  throw new Refused(`${name}: found ${key.found}, expected ${key.expected}`);
}

export type PrivateKey =
  | {readonly kind: 'pem'; readonly pem: string}
  /** `found` describes the form of the text and quotes nothing of it. */
  | {readonly kind: 'invalid'; readonly found: string; readonly expected: string};

const EXPECTED = 'the RSA private key that GitHub offers for download, as PEM, PEM with \\n escapes, or base64 of PEM';

/**
 * A GitHub App's private key as PKCS#8 PEM, from PEM (PKCS#1, as GitHub makes it, or PKCS#8), from PEM whose line ends an
 * environment file turned into `\n` or into spaces, or from base64 of PEM.
 */
export function parsePrivateKey(text: string): PrivateKey {
  const pem = findPem(text) ?? findPem(Buffer.from(text, 'base64').toString('utf8'));
  if (!pem) return {kind: 'invalid', found: 'text that is neither PEM nor base64 of PEM', expected: EXPECTED};
  if (pem.label.startsWith('ENCRYPTED') || pem.body.includes('ENCRYPTED')) {
    return {kind: 'invalid', found: 'an encrypted private key', expected: EXPECTED};
  }
  if (!pem.label.endsWith('PRIVATE KEY')) {
    return {kind: 'invalid', found: 'PEM that holds no private key', expected: EXPECTED};
  }
  try {
    const key = createPrivateKey(rewrap(pem));
    if (key.asymmetricKeyType === 'rsa') {
      return {kind: 'pem', pem: key.export({type: 'pkcs8', format: 'pem'}).toString()};
    }
    return {kind: 'invalid', found: `a private key of type ${key.asymmetricKeyType}`, expected: EXPECTED};
  } catch {
    // OpenSSL's reason ("unsupported", "wrong tag") does not help an operator.
    return {kind: 'invalid', found: 'PEM that is damaged or cut short', expected: EXPECTED};
  }
}

interface Pem {
  readonly label: string;
  readonly body: string;
}

function findPem(text: string): Pem | undefined {
  const match = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]+?)-----END \1-----/.exec(text.replaceAll(/\\r|\\n/g, '\n'));
  return match?.[1] && match[2] ? {label: match[1], body: match[2]} : undefined;
}

function rewrap({label, body}: Pem): string {
  const lines = body.replaceAll(/\s+/g, '').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Where a secret's value comes from. */
export type SecretSource =
  | {readonly kind: 'literal'; readonly secret: Secret}
  /** `projects/P/secrets/S` or `projects/P/secrets/S/versions/V` in Secret Manager. */
  | {readonly kind: 'resource'; readonly name: string; readonly field?: SecretField; readonly isList?: true}
  /** A file, such as a secret volume. `isList`: the file may hold several secrets, separated by commas. */
  | {readonly kind: 'file'; readonly path: string; readonly field?: SecretField; readonly isList?: true};

/** A secret that is read at run time. */
export type SecretReference = Exclude<SecretSource, {kind: 'literal'}>;

/** A field of a secret that is a JSON object. */
export type SecretField = 'token' | 'secret';

export const SECRET_FORMS = 'projects/P/secrets/S, projects/P/secrets/S/versions/V, file:<path>, or the value itself';

const FIELD = /#(token|secret)$/;

/** Whether the text is a reference to a secret, well-formed or not. */
export function isSecretReference(text: string): boolean {
  return text.startsWith('file:') || text.startsWith('projects/');
}

/** Parses a variable that holds a secret or a reference to one. `#token` or `#secret` at the end names a field of JSON. Undefined: a malformed reference. */
export function parseSecretSource(text: string): SecretSource | undefined {
  const field = isSecretReference(text) ? (FIELD.exec(text)?.[1] as SecretField | undefined) : undefined;
  const source = parseReference(field ? text.slice(0, -field.length - 1) : text);
  return source && field && source.kind !== 'literal' ? {...source, field} : source;
}

function parseReference(text: string): SecretSource | undefined {
  if (text.startsWith('file:')) {
    const path = text.slice('file:'.length);
    return path ? {kind: 'file', path} : undefined;
  }
  if (text.startsWith('projects/')) return SECRET.test(text) ? {kind: 'resource', name: text} : undefined;
  return text ? {kind: 'literal', secret: new Secret(text)} : undefined;
}
