import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

const ROOT = join(__dirname, '../../terraform');

/** What the files ask for of what they download: the source of each plugin with its version. */
function pluginsIn(suffix: string): readonly (readonly [file: string, source: string, version: string])[] {
  const files = readdirSync(ROOT, {recursive: true, encoding: 'utf8'}).filter((file) => file.endsWith(suffix));
  return files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/source\s+=\s+"([\w./-]+)"\s+(?:version\s+=\s+"([^"]*)")?/g)]
      .filter(([, source = '']) => !source.startsWith('.'))
      .map(([, source = '', version = '']) => [file, source, version] as const),
  );
}

test('no provider of Terraform may be of another major version than the tested one', () => {
  const plugins = pluginsIn('.tf');
  expect(plugins.map(([, source]) => source)).toEqual(
    expect.arrayContaining(['hashicorp/google', 'hashicorp/archive', 'hashicorp/random', 'hashicorp/aws']),
  );
  expect(plugins.filter(([, , version]) => !/^~> \d+\.\d+$/.test(version))).toEqual([]);
  const google = plugins.filter(([, source]) => source === 'hashicorp/google').map(([, , version]) => version);
  expect(new Set(google).size).toBe(1);
});

test('Packer’s plugin has one version', () => {
  const plugins = pluginsIn('.pkr.hcl');
  expect(plugins).toHaveLength(1);
  expect(plugins.filter(([, , version]) => !/^= \d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
