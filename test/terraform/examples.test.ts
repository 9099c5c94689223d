import {checkText} from '../../functions/cli/check';
import {parseConfig} from '../../shared/config/config';
import {DEPLOYED, EXAMPLE_FOLDERS, EXAMPLES, poolsIn} from '../builders/shown-pools';

/** Files that show pools to somebody who deploys. */
const FILES = [...DEPLOYED, 'docs/aws.md', 'docs/containers.md', 'docs/deploy.md', 'docs/migrate.md'];

/** What a deployment says beside the pools. */
const REST = {
  RUNNER_MANAGER_SECRET: 'secret-of-a-test',
  GITHUB_TOKEN: 'token-of-a-test',
  AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/slipway-ec2-eu-central-1',
  CODEMAGIC_TOKEN: 'codemagic-token-of-a-test',
};

function accepted(pools: string): number {
  return parseConfig({...REST, RUNNER_CONFIG: pools}, 'api').pools.length;
}

const shown = FILES.flatMap((file) => poolsIn(file).map((pools) => [file, pools] as const));

test('every example shows pools', () => {
  const folders = new Set(shown.map(([file]) => file.split('/').slice(0, 3).join('/')));
  expect([...folders].filter((file) => file.startsWith(EXAMPLES))).toHaveLength(EXAMPLE_FOLDERS.length);
  expect(folders).toContain('docs/deploy.md');
  expect(folders).toContain('docs/aws.md');
  expect(folders).toContain('terraform/terraform.tfvars.example');
});

test.each(shown)('the pools of %s are ones that the functions take', (_file, pools) => {
  expect(accepted(pools)).toBeGreaterThan(0);
});

test.each(shown)('slipway check, and so npm run plan, takes the pools of %s', (_file, pools) => {
  expect(checkText(pools)).toMatchObject({kind: 'valid'});
});

test('the shown pools are of every type of provider', () => {
  const types = shown.flatMap(([, pools]) => [...pools.matchAll(/\btype: ([\w-]+)/g)].map(([, type = '']) => type));
  expect([...new Set(types)].sort()).toEqual(['cloud-run', 'codemagic', 'docker', 'ec2', 'gce', 'gce-vm']);
});
