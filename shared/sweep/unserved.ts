import {isDeepStrictEqual} from 'node:util';
import {MAX_UNSERVED_AGE_MS, readUnserved, UNSERVED} from '../diagnosis/facts';
import {unserved} from '../diagnosis/unserved';
import type {WaitingJob} from '../diagnosis/waiting-jobs';
import {type JobKey, jobKeyOf} from '../model/job';
import type {Pool} from '../model/pool';
import type {UnservedDocument, UnservedJob} from '../model/sweep';
import type {Context} from '../ports';
import {isTimeUp, type Sweep, tryList} from './context';
import {type Observed, type SeenJob, webhookGraceMs} from './observed';
import {owners} from './repositories';

/** The newest jobs that are kept. */
const MOST_JOBS = 200;
/** Of one job, so that the document stays below 256 KiB whatever is asked for. */
const MOST_LABEL_CHARACTERS = 300;
const MOST_SENTENCE_CHARACTERS = 500;
/** Jobs that one sweep looks up because it did not see their repository. */
const MOST_LOOKUPS = 10;

/**
 * Brings the list of unserved jobs up to date and logs each job that is new on it. `strangers`: jobs in repositories that no pool serves.
 * `onRecord`: unserved jobs on record.
 */
export async function reportUnserved(
  sweep: Sweep,
  observed: Observed,
  strangers: Observed['seen'],
  onRecord: readonly WaitingJob[],
): Promise<void> {
  const {context} = sweep;
  const now = context.clock.now();
  const before = await readUnserved(context.store, now);
  const seen = new Map([...observed.seen, ...strangers]);
  const listed = [...seen].flatMap(([key, one]) => unservedOf(observed, key, one, now) ?? []);
  const recorded = onRecord.map(fromRecord);
  const known = new Set([...listed, ...recorded].map(({job}) => job));
  const kept = await stillQueued(
    sweep,
    before.filter(({job}) => !known.has(job) && !seen.has(job) && !observed.jobs.has(job)),
  );
  const next = [...listed, ...recorded, ...kept].sort((a, b) => b.queuedAt - a.queuedAt).slice(0, MOST_JOBS);
  if (!isDeepStrictEqual(next, before)) await write(context, next, now);
  const old = new Set(before.map(({job}) => job));
  for (const one of next) if (!old.has(one.job)) log(context, one);
}

/** Undefined: a pool takes the job, it is for nobody here, or the webhook may still bring it. */
function unservedOf(observed: Observed, key: JobKey, seen: SeenJob, now: number): UnservedJob | undefined {
  const {job, repository, installationId} = seen;
  const queuedAt = job.queuedAt ?? now;
  const ageMs = now - queuedAt;
  if (job.status !== 'queued' || observed.jobs.has(key) || ageMs >= MAX_UNSERVED_AGE_MS) return undefined;
  if (job.queuedAt !== null && ageMs < webhookGraceMs(observed.webhooks)) return undefined;
  const why = whyUnserved(seen, observed.pools);
  if (!why) return undefined;
  const {id: jobId, runId, url, labels} = job;
  return bounded({job: key, jobId, runId, repository, installationId, url, labels, ...why, queuedAt});
}

function whyUnserved(
  {repository, isPublic, job: {labels}}: SeenJob,
  pools: readonly Pool[],
): Pick<UnservedJob, 'verdict' | 'because' | 'do'> | undefined {
  const why = unserved({repository, labels, isPublic}, pools);
  if (!why || why.verdict === 'not_ours') return undefined;
  if (why.verdict === 'repository_not_served' && !isOfNamedOwner(repository, pools)) return undefined;
  return {verdict: why.verdict, because: why.because, do: why.do};
}

/** Whether a pool names the owner of the repository: jobs of others are no business of ours. */
function isOfNamedOwner(repository: string, pools: readonly Pool[]): boolean {
  const [owner = ''] = repository.toLowerCase().split('/');
  return owners(pools).some((name) => name.toLowerCase() === owner);
}

function fromRecord({job, explanation}: WaitingJob): UnservedJob {
  const {jobId, runId, repository, installationId, url, labels, queuedAt} = job;
  const {verdict, because, do: remedy} = explanation;
  return bounded({
    job: jobKeyOf(job),
    jobId,
    runId,
    repository,
    installationId,
    url,
    labels,
    verdict,
    because,
    do: remedy,
    queuedAt,
  });
}

function bounded(job: UnservedJob): UnservedJob {
  let characters = 0;
  const labels = job.labels.filter((label) => {
    characters += label.length;
    return characters <= MOST_LABEL_CHARACTERS;
  });
  const [because, remedy] = [job.because, job.do].map((sentence) => sentence?.slice(0, MOST_SENTENCE_CHARACTERS));
  return {...job, labels, because: because ?? '', ...(remedy === undefined ? {} : {do: remedy})};
}

/** Those that GitHub still has queued. Asks for the ones that were asked for longest ago; the others, and those without an answer, stay. */
async function stillQueued(sweep: Sweep, jobs: readonly UnservedJob[]): Promise<UnservedJob[]> {
  const {discovery, memory, context} = sweep;
  const {lookedUpAt} = memory.unserved;
  for (const key of lookedUpAt.keys()) if (!jobs.some(({job}) => job === key)) lookedUpAt.delete(key);
  const at = ({job}: UnservedJob) => lookedUpAt.get(job) ?? 0;
  const over = new Set<JobKey>();
  for (const {job, jobId, repository: fullName, installationId} of [...jobs]
    .sort((a, b) => at(a) - at(b))
    .slice(0, MOST_LOOKUPS)) {
    if (isTimeUp(sweep)) break;
    lookedUpAt.set(job, context.clock.now());
    const answer = await tryList(sweep, `job ${job}`, async () => ({
      found: await discovery.job({fullName, installationId}, jobId),
    }));
    if (answer && answer.found?.status !== 'queued') over.add(job);
  }
  return jobs.filter(({job}) => !over.has(job));
}

async function write({store}: Context, unservedJobs: readonly UnservedJob[], now: number): Promise<void> {
  const document: UnservedDocument = {unserved: unservedJobs, expireAt: now + MAX_UNSERVED_AGE_MS};
  await store.transaction(async (transaction) => transaction.set('locks', UNSERVED, document));
}

function log({logger}: Context, {job, runId, url, repository, labels, verdict, because}: UnservedJob): void {
  logger.warning(`no pool takes job ${job} of ${repository}: ${because}`, {
    decision: 'unserved',
    job,
    run: runId,
    ...(url ? {url} : {}),
    repository,
    labels,
    verdict,
    because,
  });
}
