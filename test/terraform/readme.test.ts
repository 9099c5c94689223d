import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {terraformFile} from '../builders/terraform-files';

const readme = terraformFile('README.md');
const files = readdirSync(join(__dirname, '../../terraform')).filter((name) => name.endsWith('.tf'));
const declared = (kind: 'variable' | 'output') =>
  files.flatMap((file) =>
    [...terraformFile(file).matchAll(new RegExp(`^${kind} "(\\w+)"`, 'gm'))].map(([, name = '']) => name),
  );

/** The section under a heading of level two. */
function section(title: string): string {
  const found = readme.split(/^## /m).find((each) => each.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`found no section ${title} in terraform/README.md`);
  return found;
}

/** The names in the first column of a section's tables. */
const listed = (title: string) =>
  [...section(title).matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  );

/** Fields of the three kinds of machines, in fields/variables.tf. */
function fields(): string[] {
  const text = terraformFile('fields/variables.tf');
  const machines = text.slice(0, text.indexOf('variable "cloud_run_jobs"'));
  return [...new Set([...machines.matchAll(/^ {4}(\w+) += (?!")/gm)].map(([, name = '']) => name))];
}

test('the README has every variable of the module, and no other', () => {
  const functions = ['webhook', 'provision', 'stop', 'sweep', 'api'];
  expect(
    listed('Inputs')
      .filter((name) => !functions.includes(name))
      .sort(),
  ).toEqual(declared('variable').sort());
});

test('the README has every output of the module, and no other', () => {
  expect(listed('Outputs').sort()).toEqual(declared('output').sort());
});

test('the README has every field of a machine, and no other', () => {
  expect(fields().length).toBeGreaterThan(15);
  expect(listed('Machines').sort()).toEqual(fields().sort());
});

test('the README gives a reason for every permission of the functions’ roles', () => {
  const roles = terraformFile('roles.tf');
  const permissions = [...roles.matchAll(/"((?:[a-zA-Z]+\.){2}[a-zA-Z]+)"/g)].map(([, name = '']) => name);
  const rights = section('Who may do what');
  // A row names some permissions in full, and others by their last part.
  const isThere = (permission: string) => {
    const [service = '', resource = '', verb = ''] = permission.split('.');
    return rights
      .split('\n')
      .some(
        (row) =>
          row.includes(`\`${permission}\``) ||
          (row.includes(`\`${service}.${resource}.`) &&
            (row.includes(`\`.${verb}\``) || row.includes(`.entities.*\` (`))),
      );
  };
  expect(permissions.length).toBeGreaterThan(40);
  expect(permissions.filter((permission) => !isThere(permission))).toEqual([]);
});
