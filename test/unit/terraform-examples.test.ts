import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseConfig} from '../../shared/config/config';

const ROOT = join(__dirname, '../..');
const EXAMPLES = 'terraform/examples';

/** Files that show pools to somebody who deploys. */
const FILES = [
  'terraform/terraform.tfvars.example',
  'docs/deploy.md',
  'docs/migrate.md',
  ...readdirSync(join(ROOT, EXAMPLES)).flatMap((example) =>
    readdirSync(join(ROOT, EXAMPLES, example))
      .filter((file) => file === 'main.tf' || file === 'pools.yaml')
      .map((file) => `${EXAMPLES}/${example}/${file}`),
  ),
];

/** The pools in a file: a here-document of Terraform, a block of YAML, or all of it. */
function poolsIn(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = file.endsWith('.yaml')
    ? [text]
    : [...text.matchAll(/<<-YAML\n([\s\S]*?)\n *YAML$|^```yaml\n([\s\S]*?)^```/gm)].map(
        ([, here, block]) => here ?? block ?? '',
      );
  return found
    .filter((pools) => /^ *pools:/m.test(pools))
    .map((pools) =>
      pools.replaceAll(/\$\{var\.region\}|\$REGION/g, 'us-central1').replaceAll('OWNER/REPOSITORY', 'acme/app'),
    );
}

function accepted(pools: string): number {
  const env = {RUNNER_CONFIG: pools, RUNNER_MANAGER_SECRET: 'secret-of-a-test', GITHUB_TOKEN: 'token-of-a-test'};
  return parseConfig(env, 'api').pools.length;
}

/** `many-repositories/main.tf` reads its pools from the file beside it. */
const shown = FILES.flatMap((file) => poolsIn(file).map((pools) => [file, pools] as const));

test('every example shows pools', () => {
  const folders = new Set(shown.map(([file]) => file.split('/').slice(0, 3).join('/')));
  expect([...folders].filter((file) => file.startsWith(EXAMPLES))).toHaveLength(
    readdirSync(join(ROOT, EXAMPLES)).length,
  );
  expect(folders).toContain('docs/deploy.md');
  expect(folders).toContain('terraform/terraform.tfvars.example');
});

test.each(shown)('the pools of %s are ones that the functions take', (_file, pools) => {
  expect(accepted(pools)).toBeGreaterThan(0);
});
