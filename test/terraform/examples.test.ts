import {parseConfig} from '../../shared/config/config';
import {DEPLOYED, EXAMPLE_FOLDERS, EXAMPLES, poolsIn} from '../builders/shown-pools';

/** Files that show pools to somebody who deploys. */
const FILES = [...DEPLOYED, 'docs/containers.md', 'docs/deploy.md', 'docs/migrate.md'];

function accepted(pools: string): number {
  const env = {RUNNER_CONFIG: pools, RUNNER_MANAGER_SECRET: 'secret-of-a-test', GITHUB_TOKEN: 'token-of-a-test'};
  return parseConfig(env, 'api').pools.length;
}

const shown = FILES.flatMap((file) => poolsIn(file).map((pools) => [file, pools] as const));

test('every example shows pools', () => {
  const folders = new Set(shown.map(([file]) => file.split('/').slice(0, 3).join('/')));
  expect([...folders].filter((file) => file.startsWith(EXAMPLES))).toHaveLength(EXAMPLE_FOLDERS.length);
  expect(folders).toContain('docs/deploy.md');
  expect(folders).toContain('terraform/terraform.tfvars.example');
});

test.each(shown)('the pools of %s are ones that the functions take', (_file, pools) => {
  expect(accepted(pools)).toBeGreaterThan(0);
});
