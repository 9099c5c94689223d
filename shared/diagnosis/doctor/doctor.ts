import type {Config} from '../../config/config-types';
import type {SecretReader} from '../../config/secrets';
import {type InvalidConfiguration, SlipwayError} from '../../errors';
import type {Logger} from '../../logger';
import type {Services} from '../../ports';
import {hasApp} from '../has-app';
import {appChecks, appChecksSkipped} from './app';
import {ask, type Check, type CheckFinding, type Found, makeChecks, once, skipped, warning} from './check';
import {configurationFinding, lookAtQueue, lookAtSecrets, lookAtStore, lookAtSweep} from './deployment';
import {lookAtGroups} from './groups';
import {looksAtMoreApp} from './more-apps';
import {hostChecks, poolChecks, vmChecks} from './pools';
import {lookAtRunnerVersion} from './runner-version';

/** Jobs that wait or run, of which the newest event is looked at. */
const MOST_JOBS = 100;

/** What an examination works with. */
export interface Examined {
  readonly config: Config;
  readonly invalid: InvalidConfiguration | undefined;
  readonly secrets: SecretReader;
  readonly services: () => Promise<Services<'api'>>;
  readonly logger: Logger;
  /** Seconds between two sweeps. */
  readonly sweepSeconds: number;
}

/**
 * Asks every service what the functions need of it, afresh, and changes nothing. Every check is always there, whatever does not answer. One
 * question takes five seconds at most, all together take 30.
 */
export async function examine(examined: Examined): Promise<CheckFinding[]> {
  const {config, secrets, logger, sweepSeconds} = examined;
  const {services, stopped, invalid} = await start(examined);
  const needs = (look: (services: Services<'api'>) => Promise<Found>) => async () =>
    services ? look(services) : (stopped ?? skipped('api has not started'));
  const missing = services && (await notSetUp(services));
  const {pools} = services?.context ?? config;
  const checks: readonly Check[] = [
    {id: 'configuration', look: async () => configurationFinding(invalid, config)},
    ...gitHubChecks(services, stopped ?? missing),
    ...poolChecks(pools, (look) => needs(({context}) => look(context))),
    {id: 'queue.provision', look: needs((some) => lookAtQueue(some, 'provision'))},
    {id: 'queue.stop', look: needs((some) => lookAtQueue(some, 'stop'))},
    {id: 'sweep', look: needs((some) => lookAtSweep(some, sweepSeconds))},
    {id: 'store', look: needs(lookAtStore)},
    {id: 'secrets', look: () => lookAtSecrets(config, secrets, missing === undefined)},
    ...vmChecks(pools, (look) => needs(({context}) => look(context))),
    ...hostChecks(services?.context.hosts ?? config.hosts, (look) => needs(({context}) => look(context))),
    {id: 'runner_version', look: needs(({context}) => lookAtRunnerVersion(context))},
  ];
  return makeChecks(checks, logger);
}

interface Started {
  readonly services?: Services<'api'>;
  /** Why there are no services; undefined: there are. */
  readonly stopped?: Found;
  readonly invalid: InvalidConfiguration | undefined;
}

/** The services, or why nothing can be asked through them: they are not there, or the place of something is not known. */
async function start({services, invalid}: Examined): Promise<Started> {
  try {
    const started = await ask('the metadata server', services());
    const {isPlaced, invalid: found} = started;
    return isPlaced || !found ? {services: started, invalid: found} : {stopped: stoppedBy(found), invalid: found};
  } catch (thrown) {
    if (!(thrown instanceof SlipwayError)) throw thrown;
    return {stopped: stoppedBy(thrown, invalid ? 'Correct the configuration first.' : undefined), invalid};
  }
}

function stoppedBy({message}: SlipwayError, remedy = 'Correct what the message names.'): Found {
  return {...skipped(`api cannot work with its configuration: ${message}`, remedy), isSilent: true};
}

/** Why there is no App to look at although one is to be: the set-up page has not made it yet. Undefined: there is one, or a token, or nothing. */
async function notSetUp({config: {github, urls}, secrets}: Services<'api'>): Promise<Found | undefined> {
  if (github.appId === undefined) return undefined;
  const isThere = await hasApp(github, (source) => ask('Secret Manager', secrets.check(source))).catch((thrown) => {
    // Whatever else is wrong with the secret is a finding of `secrets`.
    if (thrown instanceof SlipwayError) return true;
    throw thrown;
  });
  if (isThere) return undefined;
  return warning('no GitHub App is configured yet', `Open ${urls.api?.replace(/\/+$/, '') ?? ''}/setup in a browser.`);
}

/** `app.*` and `groups`. `stopped`: why none of them can be made; `app.key` has its status. */
function gitHubChecks(services: Services<'api'> | undefined, stopped: Found | undefined): Check[] {
  const none = (because: string, remedy: string): Check[] => [
    ...appChecksSkipped(because, remedy),
    {id: 'groups', look: async () => skipped(because, remedy)},
  ];
  if (!services || stopped) {
    const all = none(stopped?.because ?? '', stopped?.do ?? '');
    if (!stopped || stopped.status === 'skipped') return all;
    return all.map((check) => (check.id === 'app.key' ? {...check, look: async () => stopped} : check));
  }
  const {config, context, clock} = services;
  const {github} = config;
  if (github.token === undefined && github.privateKey === undefined) {
    return none(
      'no credentials of GitHub are configured',
      'Set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY, or GITHUB_TOKEN.',
    );
  }
  const inspection = services.inspection();
  const more = services.moreInspections().map((each, index) => looksAtMoreApp(each, index + 2, services.context.pools));
  const {pools} = context;
  const {webhooks, urls} = config;
  const newestEventAt = () => newestEvent(services);
  const app = appChecks({inspection, more, pools, webhooks, webhookUrl: urls.webhook, now: clock.now(), newestEventAt});
  const installations = inspection.credentials === 'app' ? once(() => inspection.installations()) : undefined;
  return [...app, {id: 'groups', look: () => lookAtGroups({context, inspection, installations})}];
}

/** When the newest event of a job that is not over was taken, in milliseconds since the epoch. */
async function newestEvent({context: {store}}: Services<'api'>): Promise<number | null> {
  const live = ['queued', 'in_progress'] as const;
  const found = await Promise.all(
    live.map((status) => ask('the store', store.find('jobs', {where: {status}, limit: MOST_JOBS}))),
  );
  const times = found.flat().flatMap(({data}) => data.receivedAt ?? []);
  return times.length > 0 ? Math.max(...times) : null;
}
