import {SecretManagerServer} from '../emulators/secret-manager/server';
import type {SystemOptions} from '../emulators/system';
import type {BuiltPages} from './built-pages';
import {aSystem, type TestSystem} from './system';

/** The secrets of a deployment that was applied without an App. */
export const APP_SECRETS = {
  id: 'projects/world/secrets/app-id',
  key: 'projects/world/secrets/app-key',
  webhook: 'projects/world/secrets/webhook-secret',
} as const;

/** A system as Terraform leaves it: the secrets of the App have no version, and that of the webhook has one made at random. */
export interface SystemWithoutApp extends TestSystem {
  readonly secrets: SecretManagerServer;
}

export async function aSystemWithoutApp(
  pages: BuiltPages,
  {env, ...options}: Partial<SystemOptions> = {},
): Promise<SystemWithoutApp> {
  const secrets = await SecretManagerServer.start();
  secrets.addSecret(APP_SECRETS.id);
  secrets.addSecret(APP_SECRETS.key);
  secrets.addVersion(APP_SECRETS.webhook, 'seeded-at-random');
  const system = await aSystem({
    hooks: 0,
    pageFiles: pages.read,
    ...options,
    env: {
      GITHUB_APP_ID: APP_SECRETS.id,
      GITHUB_APP_PRIVATE_KEY: APP_SECRETS.key,
      GITHUB_WEBHOOK_SECRET: APP_SECRETS.webhook,
      SECRET_MANAGER_EMULATOR_HOST: `${secrets.host}:${secrets.port}`,
      ...env,
    },
  });
  for (const {id} of system.github.app.installations()) system.github.app.uninstall(id);
  return {
    ...system,
    secrets,
    async close() {
      await system.close();
      await secrets.close();
    },
  };
}
