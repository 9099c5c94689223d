import type {Config} from '../../config/config-types';
import type {SecretSource} from '../../config/credentials';
import type {SecretReader} from '../../config/secrets';
import {MINUTE_MS} from '../../durations';
import {type InvalidConfiguration, SlipwayError} from '../../errors';
import type {QueueName} from '../../model/task-payload';
import type {Services} from '../../ports';
import {ask, error, type Found, ok, skipped, together, warning} from './check';

/** Intervals without a sweep after which a warning is given, and the time after which it is an error. */
const MISSED_SWEEPS = 3;
const SWEEP_SILENCE_MS = 15 * MINUTE_MS;

/** A document that nobody writes. */
const NOTHING = 'slipway-health-check';

export function configurationFinding(invalid: InvalidConfiguration | undefined, {pools}: Pick<Config, 'pools'>): Found {
  if (!invalid) {
    const drained = pools.filter(({fallback}) =>
      pools.some(({name, maxRunners}) => name === fallback && maxRunners === 0),
    );
    if (drained.length === 0)
      return ok(`the configuration is valid, with ${pools.length} pool${pools.length === 1 ? '' : 's'}`);
    const which = drained.map(({name, fallback}) => `pool ${name} falls back to ${fallback}`).join('; ');
    return warning(
      `the configuration is valid, but a drained pool serves no job: ${which}, whose maxRunners is 0`,
      'Name another fallback, or raise maxRunners.',
    );
  }
  const errors = invalid.problems.map(({path, found, expected}) => `${path}: found ${found}, expected ${expected}`);
  return error(
    errors.join('; '),
    'Correct the configuration and deploy it; slipway check FILE checks the pools before.',
  );
}

/** Whether the queue is there and runs its tasks; of several provision queues, every one. */
export async function lookAtQueue({config, context}: Services<'api'>, queue: QueueName): Promise<Found> {
  const {provision, stop} = config.queues;
  if (!provision || !stop) {
    return skipped(
      'api has no queues: what creates tasks is refused',
      'Set PROVISION_QUEUE and STOP_QUEUE for api, with the URLs.',
    );
  }
  await ask('Cloud Tasks', context.tasks.check(queue));
  const names = (queue === 'provision' ? provision : [stop]).map((name) => name.slice(name.lastIndexOf('/') + 1));
  return ok(names.length === 1 ? `the queue ${names[0]} runs` : `the queues ${names.join(', ')} run`);
}

export async function lookAtSweep({context: {store, clock}}: Services<'api'>, intervalSeconds: number): Promise<Found> {
  const lock = await ask('the store', store.get('locks', 'sweep'));
  const last = lock && 'last' in lock ? lock.last : null;
  return sweepFinding(last?.at ?? null, clock.now(), intervalSeconds);
}

/** `lastAt`: end of the last sweep on record, in milliseconds since the epoch; null: there is none. */
export function sweepFinding(lastAt: number | null, now: number, intervalSeconds: number): Found {
  const remedy = 'Look at the job of Cloud Scheduler and at the log of sweep.';
  if (lastAt === null) return error('no sweep is on record', remedy);
  const silentMs = now - lastAt;
  const missedMs = MISSED_SWEEPS * intervalSeconds * 1000;
  const because = `the last sweep ended ${Math.round(silentMs / 1000)} s ago`;
  // An interval of minutes may be longer than the time after which a short one is an error.
  if (silentMs >= Math.max(SWEEP_SILENCE_MS, missedMs)) return error(because, remedy);
  return silentMs >= missedMs ? warning(because, remedy) : ok(because);
}

/** Whether the database answers, with the permission to read. */
export async function lookAtStore({context: {store}}: Services<'api'>): Promise<Found> {
  await ask('the store', store.get('keys', NOTHING));
  return ok('the store answers');
}

type Named = readonly [variable: string, source: SecretSource | undefined];

/** Of a webhook secret without a version, `api` only writes new versions: it has no right to read it. */
function isRead(source: SecretSource): boolean {
  return source.kind !== 'resource' || source.name.includes('/versions/');
}

/** Whether every secret that `api` reads has an enabled version. Without an App (`hasApp`) its secrets have none yet. */
export async function lookAtSecrets(config: Config, secrets: SecretReader, hasApp: boolean): Promise<Found> {
  const {github, codemagic, webhookSecrets, managerSecrets, taskSigningKeys} = config;
  const app: readonly Named[] = [
    ['GITHUB_APP_ID', typeof github.appId === 'number' ? undefined : github.appId],
    ['GITHUB_APP_PRIVATE_KEY', github.privateKey],
    ...github.moreApps.flatMap(({appId, privateKey}, index): Named[] => [
      [`GITHUB_APPS[${index}].appId`, typeof appId === 'number' ? undefined : appId],
      [`GITHUB_APPS[${index}].privateKey`, privateKey],
    ]),
  ];
  const named: readonly Named[] = [
    ...(hasApp ? app : []),
    ['GITHUB_TOKEN', github.token],
    ['CODEMAGIC_TOKEN', codemagic.token],
    ...webhookSecrets.filter(isRead).map((source) => ['GITHUB_WEBHOOK_SECRET', source] as const),
    ...managerSecrets.map((source) => ['RUNNER_MANAGER_SECRET', source] as const),
    ...taskSigningKeys.map((source) => ['TASK_SIGNING_KEY', source] as const),
  ];
  const found = await Promise.all(
    named.map(async ([variable, source]): Promise<Found | undefined> => {
      if (!source || source.kind === 'literal') return undefined;
      try {
        await ask('Secret Manager', secrets.check(source));
        return ok(`${variable} can be read`);
      } catch (thrown) {
        if (!(thrown instanceof SlipwayError)) throw thrown;
        const because = `${variable}: ${thrown.message}`;
        if (thrown.retryable) return {...skipped(because, 'Run the doctor again in a minute.'), isSilent: true};
        return error(because, 'Add or enable a version of the secret, or correct its name.');
      }
    }),
  );
  const read = found.filter((one) => one !== undefined);
  return read.length > 0 ? together(read) : ok('every secret is in the environment itself');
}
