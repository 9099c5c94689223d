import type {core} from 'zod';
import {nearest} from './nearest';
import type {Problems} from './problems';

/** `[['pools', 0, 'provider']]` after `RUNNER_CONFIG` is `RUNNER_CONFIG.pools[0].provider`. */
export function pathText(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return /^[\w$-]+$/.test(String(key)) ? `${text}.${String(key)}` : `${text}[${JSON.stringify(String(key))}]`;
  }, root);
}

/** zod's errors that no schema names itself, as what was expected. For an unknown key: the known ones. */
export const expectedText: core.$ZodErrorMap = (issue) => {
  if (issue.code === 'unrecognized_keys') return knownKeys(issue.inst).join(', ');
  if (issue.code !== 'invalid_type') return undefined;
  return issue.expected === 'array' ? 'a list' : issue.expected === 'object' ? 'an object' : `a ${issue.expected}`;
};

/** Reports zod's issues of `value`, one for each place. `root` is the variable that holds it. */
export function reportIssues(
  issues: readonly core.$ZodIssue[],
  value: unknown,
  root: string,
  problems: Problems,
): void {
  const reported = new Set<string>();
  for (const issue of issues.flatMap((nested) => unnested(nested, value))) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const known = issue.message.split(', ');
        const near = nearest(key, known);
        const expected = near
          ? `${near} (or another of ${known.filter((other) => other !== near).join(', ')})`
          : `one of ${issue.message}`;
        // The keys above it are known ones; this one may be anything, a secret in the wrong line too.
        problems.report(pathText(root, [...issue.path, problems.mask(key)]), 'an unknown key', expected);
      }
      continue;
    }
    const path = pathText(root, issue.path);
    if (reported.has(path)) continue;
    reported.add(path);
    const given = valueAt(value, issue.path);
    // What was expected may be made from what was given.
    const isTold = typeof given !== 'string' || problems.mask(given) === given;
    problems.report(path, problems.describe(given), isTold ? issue.message : problems.mask(issue.message));
  }
}

/** The errors inside a list that may also be a number: those of the list, where a list was given. */
function unnested(issue: core.$ZodIssue, value: unknown): readonly core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || !Array.isArray(valueAt(value, issue.path))) return [issue];
  const inside = issue.errors.find((errors) => errors.every((error) => error.path.length > 0));
  return inside?.map((error) => ({...error, path: [...issue.path, ...error.path]})) ?? [issue];
}

function knownKeys(schema: unknown): string[] {
  const definition = (schema as {_zod?: {def?: {shape?: object}}} | undefined)?._zod?.def;
  return Object.keys(definition?.shape ?? {});
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}
