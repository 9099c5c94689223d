import type {Environment} from '../../shared/config/variables';
import {ROLE} from '../emulators/aws/places';
import {runnerConfig} from './pools';
import type {Setting} from './scenario';

const SERVICE_ACCOUNT = 'tasks@world.iam.gserviceaccount.com';
export const WEBHOOK_SECRET = 'the-webhook-secret-of-the-simulation';
export const TASK_SIGNING_KEY = 'the-task-signing-key-of-the-simulation';

export const MANAGER_SECRET = 'the-secret-of-the-people-of-the-simulation';

const QUEUE = 'projects/world/locations/us-central1/queues';

/** The functions' own URLs; nobody listens there. */
const URLS = {
  provision: 'https://provision.simulation',
  stop: 'https://stop.simulation',
  sweep: 'https://sweep.simulation',
} as const;

/** `queues`: the number of provision queues. */
export function environmentOf(
  setting: Setting,
  app: {id: number; privateKeyPem: string},
  queues = setting.queues ?? 1,
): Environment {
  return {
    RUNNER_CONFIG: runnerConfig(setting),
    GITHUB_APP_ID: String(app.id),
    GITHUB_APP_PRIVATE_KEY: app.privateKeyPem,
    GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
    GOOGLE_CLOUD_PROJECT: 'world',
    GOOGLE_CLOUD_REGION: 'us-central1',
    PROVISION_QUEUE: Array.from({length: queues}, (_, index) => `${QUEUE}/provision-${index + 1}`).join(),
    STOP_QUEUE: `${QUEUE}/stop`,
    PROVISION_URL: URLS.provision,
    STOP_URL: URLS.stop,
    SWEEP_URL: URLS.sweep,
    TASKS_SERVICE_ACCOUNT: SERVICE_ACCOUNT,
    // The platform has verified the token, so that none has to be signed here: a signature costs more than all else.
    INTERNAL_AUTH: 'platform',
    TASK_SIGNING_KEY,
    RUNNER_MANAGER_SECRET: MANAGER_SECRET,
    LOG_LEVEL: 'debug',
    ...(setting.sweepIntervalSeconds ? {SWEEP_INTERVAL_SECONDS: String(setting.sweepIntervalSeconds)} : {}),
    ...(setting.webhooksOff ? {WEBHOOKS: 'off'} : {}),
    ...(setting.moved ? {AWS_ROLE_ARN: ROLE} : {}),
  };
}

/** The `Authorization` header of the queue and the scheduler. */
export const BEARER = {provision: bearerOf('provision'), stop: bearerOf('stop'), sweep: bearerOf('sweep')} as const;

function bearerOf(target: keyof typeof URLS): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: 'https://accounts.google.com',
    aud: URLS[target],
    email: SERVICE_ACCOUNT,
    email_verified: true,
    exp: 4_102_444_800,
  };
  return `Bearer ${encode({alg: 'RS256', typ: 'JWT'})}.${encode(claims)}.SIGNATURE_REMOVED_BY_GOOGLE`;
}
