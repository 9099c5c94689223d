import {type RunnerScope, scopeName} from './scope';
import type {RawSettings, SettingsProblems} from './settings';

/**
 * What a placeholder in `env`, `command` and `args` of a pool stands for, in braces: `{runner_name}`. Values are put in when the machine of a
 * runner is made.
 */
export interface PlaceholderValues {
  /** `owner/name` of the repository, or the organisation, in which the runner is registered. */
  readonly scope_name: string;
  readonly runner_name: string;
  /** A registration token of GitHub. Only where the image registers its runner itself; empty elsewhere, where it is a configuration error. */
  readonly registration_token: string;
  /** Owner of the job's repository; empty without a job. */
  readonly repo_owner: string;
  /** Name of the job's repository without its owner; empty without a job. */
  readonly repo_name: string;
  /** The present time in Unix seconds. */
  readonly timestamp: string;
  /** Name of the Docker host; empty where there is none. */
  readonly hostname: string;
  /** Name of the deployment. */
  readonly orchestrator_id: string;
  readonly pool: string;
  /** Labels of the runner, joined by commas. */
  readonly labels: string;
}

/** What placeholders of a runner's pool stand for, but for the registration token. */
export function placeholderValues(
  runner: {
    readonly name: string;
    readonly pool: string;
    readonly scope: RunnerScope;
    readonly labels: readonly string[];
  },
  place: {
    /** `owner/name` of the job's repository; undefined without a job. */
    readonly repository: string | undefined;
    readonly deployment: string;
    /** Name of the Docker host, where there is one. */
    readonly hostname?: string | undefined;
    /** Milliseconds since the epoch. */
    readonly now: number;
  },
): PlaceholderValues {
  const [owner = '', repo = ''] = place.repository?.split('/') ?? [];
  return {
    scope_name: scopeName(runner.scope),
    runner_name: runner.name,
    registration_token: '',
    repo_owner: owner,
    repo_name: repo,
    timestamp: String(Math.floor(place.now / 1000)),
    hostname: place.hostname ?? '',
    orchestrator_id: place.deployment,
    pool: runner.pool,
    labels: runner.labels.join(','),
  };
}

export type Placeholder = keyof PlaceholderValues;

/** Every placeholder that there is. */
export const PLACEHOLDERS = Object.keys({
  scope_name: true,
  runner_name: true,
  registration_token: true,
  repo_owner: true,
  repo_name: true,
  timestamp: true,
  hostname: true,
  orchestrator_id: true,
  pool: true,
  labels: true,
} satisfies Record<Placeholder, true>) as readonly Placeholder[];

/** A placeholder, known or not. Not `${home}`, which is the shell's, and not `{}` or `{"json": 1}`. */
const FORM = /(?<!\$)\{([a-z][a-z0-9_]*)\}/g;

function isKnown(name: string): name is Placeholder {
  return PLACEHOLDERS.some((known) => known === name);
}

/** Names of the placeholders in the text, known or not, each once. */
export function placeholdersIn(text: string): string[] {
  return [...new Set([...text.matchAll(FORM)].map(([, name = '']) => name))];
}

/** The text with every placeholder filled in. A value is put in as it is: a brace in it is no placeholder again. */
export function fillPlaceholders(text: string, values: PlaceholderValues): string {
  return text.replace(FORM, (whole, name: string) => (isKnown(name) ? values[name] : whole));
}

/** `fillPlaceholders` in every value of `env`. */
export function fillAll(env: Readonly<Record<string, string>>, values: PlaceholderValues): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, text]) => [name, fillPlaceholders(text, values)]));
}

/**
 * Reports unknown placeholders in a text, in a list of texts, or in the values of an object of texts (`command`, `args`, `env`); and
 * `{registration_token}`, unless the image registers its runner itself (`hasToken`). A value of another shape is the schema's to report.
 */
export function checkPlaceholders(value: unknown, path: string, problems: SettingsProblems, hasToken: boolean): void {
  if (typeof value === 'string') {
    for (const name of placeholdersIn(value)) reportPlaceholder(name, path, problems, hasToken);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      if (typeof item === 'string') checkPlaceholders(item, `${path}[${index}]`, problems, hasToken);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value as RawSettings)) {
      if (typeof item === 'string') checkPlaceholders(item, `${path}.${name}`, problems, hasToken);
    }
  }
}

function reportPlaceholder(name: string, path: string, problems: SettingsProblems, hasToken: boolean): void {
  if (!isKnown(name)) {
    const known = PLACEHOLDERS.map((each) => `{${each}}`).join(', ');
    problems.report(path, `the placeholder {${name}}`, `one of ${known}`);
  } else if (name === 'registration_token' && !hasToken) {
    const expected =
      'no {registration_token} where the runner gets a JIT config: registration: token of type docker has one';
    problems.report(path, 'the placeholder {registration_token}', expected);
  }
}
