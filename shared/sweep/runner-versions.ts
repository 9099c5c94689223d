import {DAY_MS, HOUR_MS, MINUTE_MS} from '../durations';
import {
  endOf,
  isEndToTell,
  latestVersion,
  RUNNER_VERSIONS,
  type RunnerVersionsDocument,
  type VersionInUse,
  versionsInUse,
} from '../model/facts';
import {allVms} from '../vms/vms';
import {isTimeUp, type Sweep} from './context';
import {namesakes, type Observed, registrationOf, type SeenScope} from './observed';

/** How often GitHub is asked, in milliseconds. */
const READ_INTERVAL_MS = 6 * HOUR_MS;
/** Pause after a question that failed, in milliseconds. */
const RETRY_MS = 10 * MINUTE_MS;
/** How often the numbers of runners are written, in milliseconds; a new version is written at once. */
const COUNT_INTERVAL_MS = 10 * MINUTE_MS;
const RETENTION_MS = 30 * DAY_MS;

/**
 * Keeps which runner versions there are and which of them this deployment uses, and warns ten days before GitHub ends one of these. GitHub
 * gives no job to a runner whose release is older than 30 days after its successor. Never throws: a failure is tried again later.
 * @see https://docs.github.com/en/rest/actions/self-hosted-runners#list-runner-applications-for-an-organization
 */
export async function readRunnerVersions(sweep: Sweep, observed: Observed): Promise<void> {
  const {context, memory} = sweep;
  const {logger, clock} = context;
  const now = clock.now();
  const seen = versionsSeen(sweep, observed);
  const {versions: facts} = memory;
  const isNew = [...seen.keys()].some((version) => !facts.known.has(version));
  if (!isNew && now < facts.dueAt) return;
  // The answers are the same in every scope whose runners the credentials may list.
  const [place] = [...observed.scopes.values()];
  if (!place || now < facts.retryAt || isTimeUp(sweep)) return;
  try {
    const before = await versionsOnRecord(sweep);
    const inUse = versionsInUse(before.inUse, seen, {now, isComplete: observed.sawEveryScope});
    const next = await askGitHub(sweep, place, {...before, inUse, expireAt: now + RETENTION_MS}, now);
    const told = next.inUse.map((one) => (isEndToTell(one, now) ? tell(sweep, one, next.latest, now) : one));
    await context.store.transaction(async (transaction) => {
      transaction.set('facts', RUNNER_VERSIONS, {...next, inUse: told});
    });
    facts.known = new Set([...seen.keys(), ...told.map(({version}) => version)]);
    facts.dueAt = Math.min(now + COUNT_INTERVAL_MS, next.readAt + READ_INTERVAL_MS);
  } catch (error) {
    facts.retryAt = now + RETRY_MS;
    const fields = {decision: 'failed', reason: 'runner_version', error} as const;
    logger.warning('sweep: the runner versions could not be read or kept; tried again in ten minutes', fields);
  }
}

/** Runners of this deployment by the version that GitHub shows: those on record, and those of its persistent VMs. */
function versionsSeen({context}: Sweep, observed: Observed): ReadonlyMap<string, number> {
  const ofRecords = (observed.runners ?? []).map((runner) => registrationOf(observed, runner).registration?.seen);
  const ofVms = allVms(context).flatMap(({pools}) =>
    pools.flatMap(({pool, runnerName}) => namesakes(observed, runnerName, pool.name).map(({seen}) => seen)),
  );
  const counts = new Map<string, number>();
  const each = new Map([...ofRecords, ...ofVms].flatMap((seen) => (seen ? [[seen.id, seen] as const] : [])));
  for (const {version} of each.values()) if (version) counts.set(version, (counts.get(version) ?? 0) + 1);
  return counts;
}

async function versionsOnRecord({context}: Sweep): Promise<RunnerVersionsDocument> {
  const found = await context.store.get('facts', RUNNER_VERSIONS);
  if (found?.kind === 'runner_versions') return found;
  return {kind: 'runner_versions', readAt: 0, latest: null, downloads: [], inUse: [], expireAt: 0};
}

/** Asks for what is due: the downloads and the ends of each version, every six hours; the ends of a new version, at once. */
async function askGitHub(
  {discovery}: Sweep,
  {scope, installationId}: Pick<SeenScope, 'scope' | 'installationId'>,
  document: RunnerVersionsDocument,
  now: number,
): Promise<RunnerVersionsDocument> {
  const isDue = (at: number | null) => at === null || now - at >= READ_INTERVAL_MS;
  const downloads = isDue(document.readAt)
    ? await discovery.runnerDownloads(scope, installationId)
    : document.downloads;
  const inUse: VersionInUse[] = [];
  for (const one of document.inUse) {
    const ends = isDue(one.askedAt)
      ? {...(await discovery.runnerVersionEnds(scope, installationId, one.version)), askedAt: now}
      : {};
    inUse.push({...one, ...ends});
  }
  const readAt = isDue(document.readAt) ? now : document.readAt;
  return {...document, downloads, latest: latestVersion(downloads), inUse, readAt};
}

function tell({context}: Sweep, version: VersionInUse, latest: string | null, now: number): VersionInUse {
  const end = endOf(version) ?? now;
  const daysLeft = Math.floor((end - now) / DAY_MS);
  const day = new Date(end).toISOString();
  const when = daysLeft < 0 ? `ended on ${day}` : `ends in ${daysLeft} days, on ${day}`;
  const runners = version.runners === 1 ? '1 runner uses' : `${version.runners} runners use`;
  context.logger.warning(
    `runner version ${version.version}, which ${runners}, ${when}: from then on GitHub registers no runner of it or gives it no job; install ${latest ?? 'the latest version'} in the images and templates`,
    {decision: 'runner_version_ends', version: version.version, ends_at: day, days_left: daysLeft},
  );
  return {...version, toldAt: now};
}
