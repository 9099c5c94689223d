import {readFileSync} from 'node:fs';
import {join} from 'node:path';

/** A file of the Terraform module. */
export function terraformFile(name: string): string {
  return readFileSync(join(__dirname, '../../terraform', name), 'utf8');
}

/**
 * The names of environment variables by function, out of `environment.tf`: `environment_groups` are objects of literal names, and
 * `environment_groups_of` gives each function some of them. Throws when the file is not of that form.
 */
export function environmentOf(text: string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map(
    [...block(text, 'environment_groups').matchAll(/^ {4}(\w+) = \{\n([\s\S]*?)^ {4}\}/gm)].map(
      ([, name = '', body = '']) => [
        name,
        [...body.matchAll(/^ {6}([A-Z][A-Z0-9_]*) += /gm)].map(([, variable = '']) => variable),
      ],
    ),
  );
  const functions = [...block(text, 'environment_groups_of').matchAll(/^ {4}(\w+) += \[([^\]]*)\]$/gm)];
  return new Map(
    functions.map(([, name = '', list = '']) => {
      const names = [...list.matchAll(/"(\w+)"/g)].map(([, group = '']) => group);
      return [name, names.flatMap((group) => groups.get(group) ?? unknown(group))];
    }),
  );
}

/** The log filters of metrics and alerts: what each compares a field of the line with. */
export function comparedWith(text: string, field: string): readonly string[] {
  const literal = text.replaceAll('\\"', '"');
  const comparisons = [...literal.matchAll(new RegExp(`jsonPayload\\.${field}=(\\([^)]*\\)|"[^"]*")`, 'g'))];
  return comparisons.flatMap(([, values = '']) => [...values.matchAll(/"([^"]+)"/g)].map(([, value = '']) => value));
}

function block(text: string, name: string): string {
  const found = new RegExp(`^ {2}${name} = \\{\\n([\\s\\S]*?)^ {2}\\}`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`found no block ${name} in Terraform's file, expected "  ${name} = {"`);
  return found;
}

function unknown(group: string): never {
  throw new Error(`found the group ${group} of a function, expected one of environment_groups`);
}
