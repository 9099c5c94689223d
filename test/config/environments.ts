import {createPrivateKey} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Environment} from '../../shared/config/variables';
import {InvalidConfiguration} from '../../shared/errors';
import {appKey} from '../emulators/github/app-key';

export const POOLS = 'pools: [{repo: acme/app, requires: [linux], provider: {type: gce, template: runner}}]';

export const DOCUMENTATION = readFileSync(join(__dirname, '../../docs/configuration.md'), 'utf8');

/** The pools in docs/configuration.md. */
export const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(DOCUMENTATION)?.[1] ?? '';

/** An environment that satisfies every function. */
export const COMPLETE = {
  RUNNER_CONFIG: POOLS,
  GITHUB_TOKEN: 'ghp_0123456789abcdef',
  GITHUB_WEBHOOK_SECRET: 'webhook-secret',
  RUNNER_MANAGER_SECRET: 'api-secret',
  PROVISION_QUEUE: 'projects/p/locations/us-central1/queues/provision',
  STOP_QUEUE: 'projects/p/locations/us-central1/queues/stop',
  PROVISION_URL: 'https://provision.example.com',
  STOP_URL: 'https://stop.example.com',
  SWEEP_URL: 'https://sweep.example.com',
  TASKS_SERVICE_ACCOUNT: 'tasks@p.iam.gserviceaccount.com',
} satisfies Environment;

export const PKCS1 = appKey().privateKeyPem;
export const PKCS8 = createPrivateKey(PKCS1).export({type: 'pkcs8', format: 'pem'}).toString();

/** `path: found → expected` of each problem that `parse` throws. */
export function problemsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof InvalidConfiguration)) throw error;
    return error.problems.map(({path, found, expected}) => `${path}: ${found} → ${expected}`);
  }
  return [];
}
