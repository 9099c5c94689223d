import {MINUTE_MS} from '../durations';
import type {ConfigurationProblem} from '../errors';

import {failureOfDeliveries} from '../model/deliveries';

import type {JobDocument} from '../model/job';
import {matchJob} from '../model/matching';
import {isEphemeral, isPersistent} from '../model/pool';
import {isOver} from '../model/runner';
import {lacking} from './lacking';
import {jobName, type LookedAt, queuedSince, repositoryOf} from './looked-at';
import {unserved} from './unserved';
import {duration, type Explanation, NOTHING_TO_DO, quoted, type Verdict} from './verdict';
import {waitingForVm} from './waiting-for-vm';

/**
 * Why a job does not run, by what was looked at. Pure. Of several verdicts that hold the first counts: it runs or is over; it was given up; no
 * pool takes it; GitHub holds it back; what it lacks of ours.
 */
export function explain(looked: LookedAt): Explanation {
  const found =
    overOrRunning(looked) ??
    givenUp(looked) ??
    notTaken(looked) ??
    heldBackByGitHub(looked) ??
    behindQueue(looked, lackingOfOurs(looked));
  const {github, job} = looked;
  if (github.kind !== 'no_answer' || !job) return found;
  return {
    ...found,
    because: `${quoted(found.because)}; by the record, as GitHub gave no usable answer: ${quoted(github.because)}`,
  };
}

/** What is known of a job without the pools: the rest of the verdicts would say that there are none. */
const WITHOUT_POOLS: readonly string[] = ['completed', 'running', 'given_up'];

/**
 * Why a job does not run while the configuration cannot be read: then no function notices it, unless it runs or is over.
 *
 * @param error the first error of the configuration
 */
export function explainWithoutPools(looked: LookedAt, error: ConfigurationProblem): Explanation {
  const found = explain(looked);
  // In the repository that the question names GitHub is asked whatever the pools are.
  const isUnknown = looked.github.kind === 'absent' && looked.asked.repository !== undefined;
  if (WITHOUT_POOLS.includes(found.verdict) || (isUnknown && found.verdict === 'unknown_job')) return found;
  return {
    verdict: 'not_noticed_yet',
    since: looked.job || looked.github.kind === 'seen' ? queuedSince(looked) : looked.now,
    because: `the configuration cannot be read: ${error.path}: found ${error.found}, expected ${error.expected}`,
    do: 'Correct the configuration and deploy it; slipway doctor names every error.',
  };
}

function overOrRunning(looked: LookedAt): Explanation | undefined {
  const {github, job, now} = looked;
  if (github.kind === 'seen') {
    const {status, runnerName, conclusion, completedAt, startedAt} = github.job;
    if (status === 'completed') return completed(looked, conclusion, completedAt ?? job?.updatedAt ?? now);
    if (status === 'in_progress') return running(looked, runnerName, startedAt ?? job?.updatedAt ?? now);
    return undefined;
  }
  if (job?.status === 'completed') return completed(looked, null, job.updatedAt);
  if (github.kind === 'absent') return unknown(looked, github.where);
  if (job?.status === 'in_progress') return running(looked, job.runner, job.updatedAt);
  if (job || github.kind === 'no_access') return undefined;
  const because =
    github.kind === 'no_answer'
      ? `job ${jobName(looked)} is not on record, and GitHub gave no usable answer: ${quoted(github.because)}`
      : `job ${jobName(looked)} is not on record`;
  return {verdict: 'unknown_job', since: now, because, do: 'Ask again in a minute.'};
}

function completed(looked: LookedAt, conclusion: string | null, since: number): Explanation {
  const how = conclusion === null ? '' : ` with ${conclusion}`;
  return {verdict: 'completed', since, because: `job ${jobName(looked)} ended${how}`, do: NOTHING_TO_DO};
}

function running(looked: LookedAt, runner: string | null, since: number): Explanation {
  const on = runner === null ? '' : ` on runner ${runner}`;
  const forMs = duration(looked.now - since);
  const by = looked.github.kind === 'seen' ? 'GitHub' : 'the record';
  const without = (what: string) =>
    `job ${jobName(looked)} runs${on} by ${by}, and ${what}: GitHub ends the job when it has not heard of the runner for a while`;
  const wait = 'Wait until GitHub ends the job, or cancel the run, and run it again';
  const lost = looked.runner;
  // Preempted, or ended by whoever: GitHub learns of it late.
  if (looked.job?.status === 'in_progress' && lost?.name === runner && lost && isOver(lost)) {
    const because = without(`the machine of this runner has been gone for ${duration(looked.now - lost.stateAt)}`);
    return {
      ...{verdict: 'running', since, because},
      do: `${wait}; rerunOnPreemption of the pool does that for preempted spot machines.`,
    };
  }
  if (looked.lostVm && looked.job?.runner === runner) {
    const {instance, status} = looked.lostVm;
    return {verdict: 'running', since, because: without(`VM ${instance} is down (${status})`), do: `${wait}.`};
  }
  return {verdict: 'running', since, because: `job ${jobName(looked)} runs${on} since ${forMs}`, do: NOTHING_TO_DO};
}

function unknown(looked: LookedAt, where: string): Explanation {
  const {job, asked, now} = looked;
  const record = job ? 'It is on record, and the sweep forgets it when GitHub does not show it twice' : undefined;
  return {
    verdict: 'unknown_job',
    since: now,
    because: `GitHub does not know job ${jobName(looked)} in ${where}`,
    do: record ? `${record}.` : remedyOfUnknown(asked.repository !== undefined),
  };
}

function remedyOfUnknown(hasUrl: boolean): string {
  return hasUrl
    ? 'Check the URL: the number behind /job/ is the id.'
    : 'Check the id, or give the URL of the job’s page, which names the repository.';
}

/** Given up with a dead letter, or by a mark alone, while its letter is being written or after it was deleted. */
function givenUp({job, letter, pool, now}: LookedAt): Explanation | undefined {
  if (job?.status !== 'queued' || job.demand !== 'dead') return undefined;
  // A letter from before the job was marked anew is about something else.
  const isOfNow = letter !== undefined && letter.at >= job.updatedAt - LETTER_LAG_MS;
  if (!isOfNow && pool && isPersistent(pool)) return undefined;
  const key = `${job.jobId}-${job.runAttempt}`;
  const retry = `slipway retry job-${key} (POST /api/v1/deadletters/job-${key}/retry)`;
  if (!isOfNow) {
    return {
      verdict: 'given_up',
      since: job.updatedAt,
      because: `job ${key} was given up, and its dead letter is not on record (any more)`,
      do: 'Cancel the job and run it again at GitHub.',
    };
  }
  return {
    verdict: 'given_up',
    since: letter.at,
    because: `job ${key} was given up ${duration(now - letter.at)} ago after ${letter.attempts} attempt${
      letter.attempts === 1 ? '' : 's'
    }: ${quoted(letter.error)}`,
    do:
      letter.reason === 'option_not_allowed'
        ? 'Cancel the run, correct the label in runs-on, and run it again; or change what the pool allows.'
        : `Remove the cause, then: ${retry}.`,
  };
}

const LETTER_LAG_MS = 60_000;

/** No pool takes it: asked of jobs that are not on record, and of those whose pool is not configured any more. */
function notTaken(looked: LookedAt): Explanation | undefined {
  const {github, job, pool, pools} = looked;
  const since = queuedSince(looked);
  if (!(job && pool)) {
    const repository = repositoryOf(looked);
    const labels = github.kind === 'seen' ? github.job.labels : job?.labels;
    const isPublic = github.kind === 'seen' ? github.isPublic : null;
    const why = repository && labels ? unserved({repository, labels, isPublic}, pools) : undefined;
    if (why) return {...why, since};
  }
  return github.kind === 'no_access' ? {...noAccess(github), since} : undefined;
}

function noAccess({repository, access}: {repository: string; access: string}): Omit<Explanation, 'since'> {
  const [owner = ''] = repository.split('/');
  const verdict = 'not_installed';
  switch (access) {
    case 'no_app':
      return {
        verdict,
        because: `the GitHub App is not installed on ${owner}`,
        do: `Install the App on ${owner}, with access to ${repository}.`,
      };
    case 'suspended':
      return {
        verdict,
        because: `the installation of the GitHub App on ${owner} is suspended`,
        do: `Unsuspend the installation: the settings of ${owner}, GitHub Apps.`,
      };
    case 'not_selected':
      return {
        verdict,
        because: `the installation of the GitHub App on ${owner} does not include repository ${repository}, or there is no such repository`,
        do: `Add ${repository} to the installation: the settings of ${owner}, GitHub Apps, Repository access.`,
      };
    default:
      return {
        verdict,
        because: `GITHUB_TOKEN does not see repository ${repository}`,
        do: `Give the token’s user access to ${repository}, or use a GitHub App.`,
      };
  }
}

function heldBackByGitHub(looked: LookedAt): Explanation | undefined {
  const {github, job, now} = looked;
  const isHeld = github.kind === 'seen' ? github.job.status === 'waiting' : job?.status === 'waiting';
  if (!isHeld) return undefined;
  const since = job?.status === 'waiting' ? job.updatedAt : queuedSince(looked);
  const forLong = duration(now - since);
  if (github.kind === 'seen' && github.job.word === 'pending') {
    return {
      verdict: 'waiting_for_concurrency',
      since,
      because: `GitHub has held job ${jobName(looked)} back for ${forLong}: another job or run of its concurrency group is not over`,
      do: 'Wait for the other one or cancel it; concurrency in the workflow names the group.',
    };
  }
  return {
    verdict: 'waiting_for_approval',
    since,
    because: `GitHub has held job ${jobName(looked)} back for ${forLong}: it waits for an approval or a rule of its environment`,
    do: 'Approve it on the page of the run: Review deployments.',
  };
}

function lackingOfOurs(looked: LookedAt): Explanation {
  const {pool, job} = looked;
  const isNoticed = job?.status === 'queued';
  if (!isNoticed) return notNoticed(looked);
  if (pool && isPersistent(pool)) return waitingForVm(looked, job);
  return pool && isEphemeral(pool) ? lacking(looked, job, pool) : moving(looked, job);
}

/** Verdicts that end with the next task of the job. */
const AWAIT_TASKS: readonly Verdict[] = [
  'not_noticed_yet',
  'waiting_for_slot',
  'breaker_open',
  'no_capacity',
  'retrying',
  'creating',
  'vm_starting',
];

/** While the queue hands out no task nothing else helps. */
function behindQueue({eyes: {queueDown}}: LookedAt, found: Explanation): Explanation {
  if (queueDown === undefined || !AWAIT_TASKS.includes(found.verdict)) return found;
  const because = `${quoted(queueDown)}; besides, ${quoted(found.because)}`;
  return {
    ...found,
    because,
    do: 'Let the queue run again, as the sentence says: the tasks of the job follow by themselves.',
  };
}

/** Its pool is not configured any more, and another one takes it. */
function moving({pools, now}: LookedAt, job: JobDocument): Explanation {
  const {repository, labels, pool: former} = job;
  const match = matchJob({repository, labels, isPublic: false}, pools);
  const to = match.kind === 'matched' ? `pool ${match.pool.name}` : 'another pool';
  return {
    verdict: 'creating',
    since: job.updatedAt,
    because: `pool ${former} is not configured any more, and the sweep gives the job to ${to} (queued for ${duration(now - job.queuedAt)})`,
    do: 'Wait: the sweep does it within minutes.',
  };
}

/** The webhook’s own minute and two sweeps, one of which may have just missed the job. */
function sweepFindsMs({sweepSeconds}: LookedAt['eyes']): number {
  return 60_000 + 2 * Math.max(60, sweepSeconds) * 1000;
}

function notNoticed(looked: LookedAt): Explanation {
  const {eyes, job, now} = looked;
  const since = queuedSince(looked);
  const forMs = now - since;
  const nothing = job
    ? `job ${jobName(looked)} is ${job.status} on record, and GitHub has it queued: the news has not arrived`
    : `no delivery about job ${jobName(looked)} has been worked off since GitHub queued it ${duration(forMs)} ago`;
  const swept =
    eyes.sweptAt === null
      ? 'no sweep has run yet'
      : `the last sweep ended ${duration(now - eyes.sweptAt)} ago, and the sweep looks for such jobs every ${eyes.sweepSeconds} s`;
  const hook =
    eyes.webhooks === 'off'
      ? 'webhooks are switched off'
      : eyes.webhookDown
        ? failureOfDeliveries(eyes.webhookDown)
        : 'no failure of the webhook is on record';
  const remedy = remedyOfNotNoticed(eyes, forMs, now);
  return {verdict: 'not_noticed_yet', since, because: `${nothing}; ${swept}; ${hook}`, do: remedy};
}

function remedyOfNotNoticed(eyes: LookedAt['eyes'], forMs: number, now: number): string {
  const findsMs = sweepFindsMs(eyes);
  if (eyes.webhooks === 'on' && eyes.webhookDown?.failedWith === 401)
    return 'Write one secret to both places: Webhook secret on the page of the App (General), and GITHUB_WEBHOOK_SECRET; until then the sweep finds the jobs.';
  if (eyes.sweptAt === null || now - eyes.sweptAt > findsMs)
    return 'Look whether Cloud Scheduler calls the sweep, and at the log of sweep.';
  if (eyes.webhooks === 'on' && eyes.webhookDown)
    return 'Look at the log of webhook, and at Recent deliveries on the page of the App (Advanced); until then the sweep finds the jobs.';
  if (forMs < findsMs) return `Wait: the sweep finds it within ${duration(findsMs - MINUTE_MS)}.`;
  return 'Look at Recent deliveries on the page of the App (Advanced): URL, secret and the event workflow_job; then at the log of webhook.';
}
