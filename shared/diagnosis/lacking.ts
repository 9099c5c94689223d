import {type BreakerDocument, GITHUB_DOWN} from '../model/breaker';
import type {FailedAttempt, JobDocument} from '../model/job';
import {placementOf} from '../model/placement';
import type {EphemeralPool} from '../model/pool';
import {isBeingCreated, isEnding, isOnlineOnRecord, type RunnerDocument} from '../model/runner';
import {jobName, type LookedAt, MOST_READ} from './looked-at';
import {count, due, duration, type Explanation, ordinal, quoted} from './verdict';
import {waitingForHost} from './waiting-for-host';

/** What a queued job of a pool that makes a machine for each job lacks. */
export function lacking(looked: LookedAt, job: JobDocument, pool: EphemeralPool): Explanation {
  const {runner} = looked;
  const host =
    isUnderWay(runner, job.failedAttempt) && !runner?.machineAccepted ? undefined : waitingForHost(looked, job);
  if (host) return host;
  if (runner && !isBeingCreated(runner)) {
    return isEnding(runner) || runner.covers === null ? lost(looked, job, runner) : made(looked, runner, pool);
  }
  const failed = job.failedAttempt;
  return (
    waitingForSlot(looked, job, pool) ??
    (isUnderWay(runner, failed) ? undefined : (breakerOpen(looked, job) ?? (failed && failing(looked, failed)))) ??
    creating(looked, job)
  );
}

/** An execution has begun to make the runner since the last failure. */
function isUnderWay(runner: RunnerDocument | undefined, failed: FailedAttempt | undefined): boolean {
  return (runner?.registrationTriedAt ?? 0) > (failed?.at ?? 0);
}

function waitingForSlot(looked: LookedAt, job: JobDocument, pool: EphemeralPool): Explanation | undefined {
  const {queue, runner} = looked;
  if (!queue || runner || job.demand !== 'open') return undefined;
  const {position} = queue;
  const since = job.queuedAt;
  const shared = {verdict: 'waiting_for_slot', since, ...(position === undefined ? {} : {position})} as const;
  const place = position === undefined ? `behind the first ${MOST_READ}` : `the ${ordinal(position)}`;
  const before = `, and the job is ${place} in the queue`;
  if (pool.maxRunners === 0) {
    return {
      ...shared,
      because: `pool ${pool.name} is drained (maxRunners: 0): no runner is made for new jobs`,
      do: `Raise maxRunners of pool ${pool.name}, and apply.`,
    };
  }
  if (queue.taken >= queue.limit) {
    return {
      ...shared,
      because: `${queue.taken} of ${count(queue.limit, 'runner')} of pool ${pool.name} are busy or on their way${before}`,
      do: `Wait until a job of the pool ends, or raise maxRunners of pool ${pool.name}.`,
    };
  }
  const {all} = queue;
  if (!all || all.taken < all.limit) return undefined;
  return {
    ...shared,
    because: `${all.taken} of ${count(all.limit, 'runner')} of all pools together are busy or on their way${before} of pool ${pool.name}`,
    do: 'Wait until any job ends, or raise the top-level maxRunners.',
  };
}

function breakerOpen({breakers, now}: LookedAt, job: JobDocument): Explanation | undefined {
  const [breaker] = breakers;
  if (!breaker) return undefined;
  const since = Math.max(breaker.openedAt, job.queuedAt);
  const {name, reason, openedAt, nextProbeAt} = breaker;
  return {
    verdict: 'breaker_open',
    since,
    because: `breaker ${name} is open since ${duration(now - openedAt)}: ${quoted(reason)}; the next probe is due ${due(nextProbeAt, now)}`,
    do: remedyOf(breaker),
  };
}

function remedyOf({name}: BreakerDocument): string {
  if (name === GITHUB_DOWN) return 'Wait: look at githubstatus.com; a probe a minute closes the breaker.';
  if (name.startsWith('github.')) return 'Wait: GitHub’s rate limit ends by itself, and a probe closes the breaker.';
  if (name.startsWith('boot.'))
    return 'Read the serial port log of the last VM of this template, and mend its startup script or image.';
  return 'Ask for more of the quota that the message names (IAM, Quotas), lower maxRunners, or use another region or machine type.';
}

function failing(looked: LookedAt, failed: FailedAttempt): Explanation {
  const {now, placements} = looked;
  const {attempt, mostAttempts, nextTryAt, at} = failed;
  const next = `attempt ${attempt} of ${mostAttempts}, the next try is due ${due(nextTryAt, now)}`;
  const message = quoted(failed.message);
  if (failed.kind === 'no_capacity') {
    const tried = placements.length === 0 ? '' : ` (placements in order: ${placements.join(', ')})`;
    return {
      verdict: 'no_capacity',
      since: at,
      because: `no placement has capacity${tried}: ${message}; ${next}`,
      do: 'Wait, or add zones or machineTypes to the pool, or allow standard VMs beside spot ones (spot: prefer).',
    };
  }
  return {
    verdict: 'retrying',
    since: at,
    because: `the last attempt failed ${duration(now - at)} ago: ${message}; ${next}`,
    do: 'Wait for the next try; if the message stays the same, remove the cause that it names.',
  };
}

/** A lost task is repeated under the next name, and a name stays the same for so long. */
const REPEATED_MS = 5 * 60_000;

/** The runner is being made, or is about to be. */
function creating(looked: LookedAt, job: JobDocument): Explanation {
  const {runner, now, eyes} = looked;
  if (!runner) {
    const withinMs = Math.max(REPEATED_MS, 2 * eyes.sweepSeconds * 1000);
    return {
      verdict: 'creating',
      since: job.updatedAt,
      because: `a slot of pool ${job.pool} is free, and a task that creates the runner is on its way since ${duration(now - job.updatedAt)}`,
      do: `Wait: the sweep repeats a task that was lost within ${duration(withinMs)}.`,
    };
  }
  const where = placeOf(runner);
  return {
    verdict: 'creating',
    since: runner.createdAt,
    because: `runner ${runner.name} is being created since ${duration(now - runner.createdAt)}${where}`,
    do: 'Wait: this takes seconds to two minutes.',
  };
}

/** The machine is there. */
function made(looked: LookedAt, runner: RunnerDocument, pool: EphemeralPool): Explanation {
  const {registration} = looked;
  const since = runner.stateAt;
  const isOnline = registration !== 'unknown' && registration !== 'absent' && registration.status === 'online';
  if (isOnline && registration.busy) {
    return {
      verdict: 'runner_idle',
      since,
      because: `runner ${runner.name}, which was made for job ${jobName(looked)}, runs another job that has not been heard of yet`,
      do: 'Wait: the job gets another runner as soon as the news arrives.',
    };
  }
  if (isOnline || (registration === 'unknown' && isOnlineOnRecord(runner))) return idle(looked, runner, pool);
  return booting(looked, runner, pool);
}

/** A boot is not called long before this, whatever is usual. */
const SHORT_BOOT_MS = 90_000;

function booting({now, usualBootMs}: LookedAt, runner: RunnerDocument, pool: EphemeralPool): Explanation {
  const since = runner.stateAt;
  const mostMs = pool.bootMinutes * 60_000;
  const longMs = Math.min(mostMs, Math.max(SHORT_BOOT_MS, 2 * (usualBootMs ?? mostMs)));
  const usual =
    usualBootMs === undefined
      ? `a boot may take ${duration(mostMs)} here`
      : `it usually takes ${duration(usualBootMs)} here, and may take ${duration(mostMs)}`;
  const boots = `runner ${runner.name} has been booting for ${duration(now - since)}${placeOf(runner)}; ${usual}`;
  if (now - since <= longMs) return {verdict: 'booting', since, because: boots, do: 'Wait for the boot.'};
  return {
    verdict: 'booting',
    since,
    because: now - since > mostMs ? `${boots}, and the sweep replaces it` : `${boots}: this boot takes too long`,
    do: `Read the VM’s serial port log: gcloud compute instances get-serial-port-output ${runner.name}${zoneFlag(runner)}`,
    takesTooLong: true,
  };
}

function idle({now, registration}: LookedAt, runner: RunnerDocument, pool: EphemeralPool): Explanation {
  const {scope, stateAt, onlineAt} = runner;
  const labels = registration === 'unknown' || registration === 'absent' ? runner.labels : registration.labels;
  const where =
    scope.kind === 'organization'
      ? `runner group ${pool.runnerGroup} of organization ${scope.org}`
      : `repository ${scope.owner}/${scope.repo}`;
  return {
    verdict: 'runner_idle',
    since: onlineAt ?? stateAt,
    because: `runner ${runner.name} is online and idle in ${where} with the labels ${labels.join(', ')}, and GitHub has not given it the job (its VM is up for ${duration(now - stateAt)})`,
    do:
      scope.kind === 'organization'
        ? `If it lasts over a minute: check whether runner group ${pool.runnerGroup} admits the repository and this workflow.`
        : 'If it lasts over a minute: check whether the Actions settings of the repository and its organization allow self-hosted runners.',
  };
}

/** The runner that was there for the job went before it ran it. */
function lost({now, eyes}: LookedAt, job: JobDocument, runner: RunnerDocument): Explanation {
  return {
    verdict: 'retrying',
    since: runner.stateAt,
    because: `runner ${runner.name}, which was there for the job, is ${runner.state} since ${duration(now - runner.stateAt)} and has not run it; the sweep makes another one for job ${job.jobId}-${job.runAttempt}`,
    do: `Wait: the sweep looks every ${duration(eyes.sweepSeconds * 1000)} and acts when two sweeps at least two minutes apart have seen it.`,
  };
}

function placeOf(runner: RunnerDocument): string {
  const placement = placementOf(runner);
  if (!placement) return '';
  const {place, machineType, spot} = placement;
  return ` in ${place}${machineType ? ` as ${machineType}` : ''}${spot ? ' (spot)' : ''}`;
}

function zoneFlag(runner: RunnerDocument): string {
  const placement = placementOf(runner);
  return placement ? ` --zone=${placement.place}` : '';
}
