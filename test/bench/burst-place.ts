/** Where the runners of the burst are made. */
export const BURST = {
  zone: 'us-central1-a',
  pool: 'arm',
  labels: ['self-hosted', 'linux'],
  repository: 'acme/app',
  scope: {kind: 'repository', owner: 'acme', repo: 'app'},
  template: 'runner',
} as const;

export const BURST_POOLS = `pools:
  - name: ${BURST.pool}
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    maxRunners: 5000
    provider: {type: gce, template: ${BURST.template}, zones: [${BURST.zone}]}`;
