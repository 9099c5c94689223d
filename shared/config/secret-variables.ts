import {Secret} from '../secret';
import type {Environment} from './environment';
import {present} from './present';
import {parsePrivateKey} from './private-key';
import type {Problems} from './problems';
import {parseSecretSource, SECRET_FORMS, type SecretSource} from './secret-source';
import type {Variables} from './variables';

const SECRET_VARIABLES = [
  'GITHUB_APP_PRIVATE_KEY',
  'GITHUB_TOKEN',
  'GITHUB_WEBHOOK_SECRET',
  'RUNNER_MANAGER_SECRET',
  'TASK_SIGNING_KEY',
  'GITHUB_CREDENTIALS',
  'GITHUB_RUNNER_TOKEN',
  'WEBHOOK_TOKEN',
];

/** The secrets that the environment holds literally, so that no message repeats one. Too short ones would mask whole words. */
export function literalSecrets(env: Environment, also: Readonly<Record<string, string>> = {}): string[] {
  return SECRET_VARIABLES.flatMap((name) => [env[name] ?? '', also[name] ?? ''])
    .flatMap((text) => [text, ...text.split(',')])
    .map((part) => part.trim())
    .filter((part) => part.length >= 4 && parseSecretSource(part)?.kind === 'literal');
}

/** One secret; a problem names the variable and never shows its value. */
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
 * One or several, separated by commas, all of which are good; so is what a file or a version holds. An empty one would let anybody
 * sign.
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
  readonly appId?: number;
  readonly privateKey?: SecretSource;
  readonly token?: SecretSource;
}

/** The App's credentials, else a token. Both: the App's, as they alone are bound to what was installed. */
export function readGitHubCredentials(variables: Variables, problems: Problems, required: boolean): GitHubCredentials {
  const appId = variables.read('GITHUB_APP_ID', 'the number of the GitHub App, as its settings show it', (text) =>
    /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined,
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

function readPrivateKey(variables: Variables, problems: Problems): SecretSource | undefined {
  const source = readSecret(variables, problems, 'GITHUB_APP_PRIVATE_KEY');
  if (source?.kind !== 'literal') return source;
  const key = parsePrivateKey(source.secret.reveal());
  if (key.kind === 'pem') return {kind: 'literal', secret: new Secret(key.pem)};
  problems.report('GITHUB_APP_PRIVATE_KEY', key.found, key.expected);
  return undefined;
}
