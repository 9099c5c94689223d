import type {DiscoveredRepository} from '../github/github';
import type {JobDocument, JobKey} from '../model/job';
import type {Preemption} from '../model/sweep';
import {isTimeUp, type Sweep, tryList} from './context';
import type {GitHubScan} from './github-scan';
import {type Observed, type SeenJob, webhookGraceMs} from './observed';
import {isMissing} from './repository-scan';

/** Jobs that the sweeps of a minute read by id, because no list contained them; one sweep of a longer interval reads no more. */
const MAX_LOOKUPS = 100;

/** Lookups per sweep in missing repositories, where most answers are 404. */
const MAX_OUT_OF_REACH_LOOKUPS = 5;

/** After this many consecutive failed lookups the next sweep continues. */
const MAX_UNANSWERED = 3;

export interface JobLookups extends Pick<Observed, 'absent' | 'outOfReach'> {
  /** The jobs that GitHub returned. */
  readonly found: ReadonlyMap<JobKey, SeenJob>;
}

/**
 * Reads by id the open jobs on record that the scan of their repository did not find. `absent`: jobs that GitHub does not know, and jobs
 * that are queued in a completed run, which no runner will ever get. `outOfReach`: jobs whose repository answers 404 too, which says
 * nothing about the job: the App may get access again.
 */
export async function lookUpJobs(
  sweep: Sweep,
  jobs: Observed['jobs'],
  scan: GitHubScan,
  repositories: readonly DiscoveredRepository[],
): Promise<JobLookups> {
  const {context, discovery, memory} = sweep;
  const now = context.clock.now();
  const found = new Map<JobKey, SeenJob>();
  const absent = new Set<JobKey>();
  const outOfReach = new Set<JobKey>();
  const isPublic = new Map(repositories.map((each) => [each.fullName.toLowerCase(), each.isPublic]));
  let unanswered = 0;
  for (const [key, {repository, installationId, jobId, runId}] of leastLatelyAsked(
    sweep,
    missingJobs(sweep, jobs, scan, now),
  )) {
    if (isTimeUp(sweep) || unanswered === MAX_UNANSWERED || !sweep.restraint.allowsCall()) break;
    if (outOfReach.size >= MAX_OUT_OF_REACH_LOOKUPS && isMissing(sweep, repository)) continue;
    memory.lookedUpAt.set(key, now);
    const place = {fullName: repository, installationId};
    const answer = await tryList(sweep, `job ${key}`, async () => {
      const job = await discovery.job(place, jobId);
      return {job, isPhantom: job?.status === 'queued' && (await discovery.isOver(place, runId))};
    });
    unanswered = answer ? 0 : unanswered + 1;
    if (!answer) continue;
    if (!answer.job && memory.missing.has(repository.toLowerCase())) outOfReach.add(key);
    else if (!answer.job || answer.isPhantom) absent.add(key);
    else {
      found.set(key, {
        repository,
        installationId,
        // The repository was private when the job was accepted; a change is not known.
        isPublic: isPublic.get(repository.toLowerCase()) ?? false,
        job: answer.job,
      });
    }
  }
  return {found, absent, outOfReach};
}

/** The jobs of preempted VMs. A job that cannot be read now is read by the next sweep. */
export async function lookUpPreempted(
  sweep: Sweep,
  preemptions: readonly Preemption[],
  seen: Observed['seen'],
): Promise<Observed['preempted']> {
  const preempted: Observed['preempted'][number][] = [];
  for (const preemption of preemptions) {
    const {job: key, jobId, repository: fullName, installationId} = preemption;
    const listed = seen.get(key)?.job;
    const found = listed
      ? {job: listed}
      : await tryList(sweep, `job ${key}`, async () => ({
          job: await sweep.discovery.job({fullName, installationId}, jobId),
        }));
    if (found) preempted.push({preemption, job: found.job});
  }
  return preempted;
}

/** Open jobs on record that the scan should have found. */
function missingJobs(
  {webhooks}: Sweep,
  jobs: Observed['jobs'],
  {seen, visited}: GitHubScan,
  now: number,
): [JobKey, JobDocument][] {
  const before = now - webhookGraceMs(webhooks);
  return [...jobs].filter(([key, {status, repository, updatedAt}]) => {
    if (seen.has(key) || status === 'completed') return false;
    return visited.has(repository.toLowerCase()) && updatedAt <= before;
  });
}

/** The jobs that were read least recently, at most `MAX_LOOKUPS` a minute. Deletes the memory of jobs that are no longer missing. */
function leastLatelyAsked(
  {memory, intervalSeconds}: Sweep,
  missing: readonly [JobKey, JobDocument][],
): readonly [JobKey, JobDocument][] {
  const askedAt = new Map(missing.map(([key]) => [key, memory.lookedUpAt.get(key) ?? 0]));
  memory.lookedUpAt.clear();
  for (const [key, at] of askedAt) memory.lookedUpAt.set(key, at);
  return [...missing]
    .sort(([a, one], [b, other]) => (askedAt.get(a) ?? 0) - (askedAt.get(b) ?? 0) || one.updatedAt - other.updatedAt)
    .slice(0, Math.ceil(MAX_LOOKUPS * Math.min(1, intervalSeconds / 60)));
}
