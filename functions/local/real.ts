import {systemClock, systemTimerClock} from '../../shared/clock';
import {checkConfig, parseConfig} from '../../shared/config/config';
import type {Environment} from '../../shared/config/variables';
import {systemRandom} from '../../shared/random';
import {createMemoryStore} from '../../shared/store/memory';
import {postTask} from '../../shared/tasks/local/dispatch';
import {InProcessTasks} from '../../shared/tasks/local/in-process';
import {createLogger} from '../../shared/telemetry/create-logger';
import {CloudScheduler, secondsToMinute} from '../../test/emulators/cloud-scheduler';
import {OidcIssuer} from '../../test/emulators/oidc';
import {RealScheduler} from '../../test/emulators/scheduler';
import {serve} from '../../test/emulators/serve';
import {deployedRates} from '../../test/emulators/tasks/deployed-rates';
import {createApi} from '../api/index';
import {createProvision} from '../provision/index';
import {createStop} from '../stop/index';
import {createSweep} from '../sweep/index';
import {createWebhook} from '../webhook/index';

/** Unless the environment says otherwise. With WEBHOOKS=off the sweep finds a job after at most this time. */
const SWEEP_SECONDS = 10;
const SERVICE_ACCOUNT = 'local@slipway.invalid';

export interface RealOptions {
  /** Port of the webhook; the other four functions use the next four ports. */
  readonly port: number;
}

/** Serves the functions in this process, with the real GitHub and Google Cloud, until `ended` resolves. Returns the exit code. */
export async function runReal(options: RealOptions, given: Environment, ended: Promise<void>): Promise<number> {
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  const issuer = await OidcIssuer.create(systemClock);
  const {port} = options;
  const ports = {webhook: port, provision: port + 1, stop: port + 2, sweep: port + 3, api: port + 4};
  const urls = {
    provision: `http://127.0.0.1:${ports.provision}/`,
    stop: `http://127.0.0.1:${ports.stop}/`,
    sweep: `http://127.0.0.1:${ports.sweep}/`,
  };
  const env: Environment = {
    RUNNER_MANAGER_SECRET: systemRandom.uuid(),
    TASK_SIGNING_KEY: systemRandom.uuid(),
    // The names of other systems stand for it, too.
    ...(given['POLL_INTERVAL'] || given['RUNNER_CHECK_INTERVAL']
      ? {}
      : {SWEEP_INTERVAL_SECONDS: String(SWEEP_SECONDS)}),
    ...given,
    PROVISION_QUEUE: 'projects/local/locations/local/queues/provision',
    STOP_QUEUE: 'projects/local/locations/local/queues/stop',
    PROVISION_URL: urls.provision,
    STOP_URL: urls.stop,
    SWEEP_URL: urls.sweep,
    TASKS_SERVICE_ACCOUNT: SERVICE_ACCOUNT,
    OIDC_JWKS_URL: await issuer.listen(),
  };
  checkConfig(env);
  const {webhooks, sweepIntervalSeconds, github} = parseConfig(env, 'sweep');
  const tasks = new InProcessTasks({
    timers: systemTimerClock,
    limitsOf: deployedRates(1 + github.moreApps.length),
    dispatch: async ({to, body, headers, signal}) => {
      const authorization = `Bearer ${await issuer.token({audience: urls[to], email: SERVICE_ACCOUNT})}`;
      return postTask({url: urls[to], headers: {...headers, authorization}, body, signal, nowMs: systemClock.now()});
    },
  });
  const logger = createLogger({level: 'info'});
  const inFirestore = Boolean(env['FIRESTORE_DATABASE'] || env['FIRESTORE_EMULATOR_HOST']);
  const store = inFirestore ? {} : {store: createMemoryStore({clock: systemClock})};
  const served = [
    await serve(createWebhook({env, logger, tasks}), ports.webhook),
    await serve(createProvision({env, logger, tasks, ...store}), ports.provision),
    await serve(createStop({env, logger, tasks, ...store}), ports.stop),
    await serve(createSweep({env, logger, tasks, ...store}), ports.sweep),
    await serve(createApi({env, logger, tasks, ...store}), ports.api),
  ];
  const scheduler = new RealScheduler();
  const sweeper = new CloudScheduler({scheduler, oidc: issuer, url: urls.sweep, serviceAccount: SERVICE_ACCOUNT});
  // As Cloud Scheduler, which knows whole minutes only; nobody waits for the first one.
  sweeper.every(Math.max(60, sweepIntervalSeconds), secondsToMinute(scheduler));
  void sweeper.trigger().catch(() => undefined);
  const who = env['GITHUB_APP_ID'] ? `the App ${env['GITHUB_APP_ID']}` : 'a personal access token';
  write(
    `Slipway, with the real GitHub (${env['GITHUB_API_URL'] ?? 'api.github.com'}, as ${who}) and the real Google Cloud.`,
  );
  write(
    `The queue is in this process; the store is ${inFirestore ? 'Firestore' : 'in this process, too'}. VMs that Slipway creates cost money.`,
  );
  write(
    webhooks === 'off'
      ? `The sweep looks for jobs every ${sweepIntervalSeconds} seconds. Ctrl-C ends the run.`
      : `Point GitHub's webhook, through a tunnel, to ${served[0]?.url} or set WEBHOOKS=off. Ctrl-C ends the run.`,
  );
  const secret = given['RUNNER_MANAGER_SECRET'] ? 'the one in RUNNER_MANAGER_SECRET' : env['RUNNER_MANAGER_SECRET'];
  write(`The api is at ${served[4]?.url}docs, its secret is ${secret}.`);
  await ended;
  await sweeper.close();
  scheduler.close();
  await tasks.close();
  await Promise.all(served.map((one) => one.close()));
  await issuer.close();
  return 0;
}
