import {MINUTE_MS} from '../durations';
import {poolsServing} from '../model/fallback';
import type {FailedAttempt, JobDocument} from '../model/job';
import {placementOf} from '../model/placement';
import {type EphemeralPool, isGce, type Pool} from '../model/pool';
import {isBeingCreated, isEnding, isOnlineOnRecord, type RunnerDocument} from '../model/runner';
import {breakersOfGitHub} from '../runners/breakers';
import {breakerSentence, remedyOfBreaker} from './breakers';
import {jobName, type LookedAt, MOST_READ, type QueuePlace} from './looked-at';
import {attemptOf, count, due, duration, type Explanation, ordinal, quoted} from './verdict';
import {isLimitedByHosts, MORE_ROOM, waitingForHost, waitingForRoom} from './waiting-for-host';

/** What a queued job of a pool that makes a machine for each job lacks. */
export function lacking(looked: LookedAt, job: JobDocument, pool: EphemeralPool): Explanation {
  const {runner, failed} = looked;
  const host = isUnderWay(runner, failed) && !runner?.machineAccepted ? undefined : waitingForHost(looked, job);
  if (host) return host;
  const held = notHandedOver(looked, job, pool);
  if (held) return held;
  if (runner && !isBeingCreated(runner)) {
    return isEnding(runner) || runner.covers === null
      ? lost(looked, job, runner, `is ${runner.state} since ${duration(looked.now - runner.stateAt)}`)
      : made(looked, job, runner, looked.pools.find(({name}) => name === runner.pool) ?? pool);
  }
  return (
    waitingForSlot(looked, job, pool) ??
    (isUnderWay(runner, failed)
      ? undefined
      : (breakerOpen(looked, job) ?? (failed && failing(looked, failed, pool)))) ??
    behindOthers(looked, job, pool) ??
    creating(looked, job)
  );
}

/** The host calls, and does not get the container yet: only its registration at GitHub is left to be made. */
function notHandedOver(looked: LookedAt, job: JobDocument, pool: EphemeralPool): Explanation | undefined {
  const {container, now, breakers} = looked;
  if (container?.state !== 'assigned') return undefined;
  const ofGitHub = breakersOfGitHub(job.repository);
  const holding = breakers.filter(({name}) => ofGitHub.includes(name));
  const {failedAttempt} = job;
  const isWaiting = failedAttempt !== undefined && failedAttempt.nextTryAt > now;
  return (
    breakerOpen({...looked, breakers: holding}, job) ?? (isWaiting ? failing(looked, failedAttempt, pool) : undefined)
  );
}

/** An execution has begun to make the runner since the last failure. */
function isUnderWay(runner: RunnerDocument | undefined, failed: FailedAttempt | undefined): boolean {
  return (runner?.registrationTriedAt ?? 0) > (failed?.at ?? 0);
}

function waitingForSlot(looked: LookedAt, job: JobDocument, pool: EphemeralPool): Explanation | undefined {
  const {queue, runner} = looked;
  if (!queue || runner || job.demand !== 'open') return undefined;
  const shared = inQueue(queue, job);
  const before = placeInQueue(queue);
  if (pool.maxRunners === 0) {
    return {
      ...shared,
      because: `pool ${pool.name} is drained (maxRunners: 0): no runner is made for new jobs`,
      do: `Raise maxRunners of pool ${pool.name}, and apply.`,
    };
  }
  if (queue.taken >= queue.limit) {
    const byHosts = waitingForRoom(looked, job, pool);
    if (byHosts) return {...shared, ...byHosts};
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

/** Slots are free, and fewer than jobs are before this one. */
function behindOthers(looked: LookedAt, job: JobDocument, pool: EphemeralPool): Explanation | undefined {
  const {queue, runner, hosts} = looked;
  if (!queue || runner || job.demand !== 'open') return undefined;
  const free = Math.min(queue.limit - queue.taken, queue.all ? queue.all.limit - queue.all.taken : MOST_READ);
  // mutation: jobs before it
  if ((queue.position ?? MOST_READ + 1) <= free) return undefined;
  return {
    ...inQueue(queue, job),
    because: `${queue.taken} of ${count(queue.limit, 'runner')} of pool ${pool.name} are busy or on their way${placeInQueue(queue)}: what is free goes to the jobs before it`,
    do: `Wait until the jobs before it have ended, ${isLimitedByHosts(hosts, pool) ? MORE_ROOM : `or raise maxRunners of pool ${pool.name}`}.`,
  };
}

function inQueue({position}: QueuePlace, {queuedAt}: JobDocument) {
  return {
    verdict: 'waiting_for_slot',
    since: queuedAt,
    ...(position === undefined ? {} : {position}),
  } as const;
}

function placeInQueue({position}: QueuePlace): string {
  const place = position === undefined ? `behind the first ${MOST_READ}` : `the ${ordinal(position)}`;
  return `, and the job is ${place} in the queue`;
}

function breakerOpen({breakers, now}: LookedAt, job: JobDocument): Explanation | undefined {
  const [breaker] = breakers;
  if (!breaker) return undefined;
  const since = Math.max(breaker.openedAt, job.queuedAt);
  return {verdict: 'breaker_open', since, because: breakerSentence(breaker, now), do: remedyOfBreaker(breaker)};
}

function failing(looked: LookedAt, failed: FailedAttempt, pool: EphemeralPool): Explanation {
  const {now, placements} = looked;
  const {nextTryAt, at} = failed;
  const next = `${attemptOf(failed)}, the next try is ${due(nextTryAt, now)}`;
  const message = quoted(failed.message);
  if (failed.kind === 'no_capacity') {
    const tried = placements.length === 0 ? '' : ` (placements in order: ${placements.join(', ')})`;
    return {
      verdict: 'no_capacity',
      since: at,
      because: `no placement has capacity${tried}: ${message}; ${next}`,
      do: isGce(pool)
        ? 'Wait, or add zones or machineTypes to the pool, or allow standard VMs beside spot ones (spot: prefer).'
        : `Wait, or get room for more machines of pool ${pool.name} at their provider, or lower its maxRunners to what there is.`,
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
const REPEATED_MS = 5 * MINUTE_MS;

/** The runner is being made, or is about to be. */
function creating(looked: LookedAt, job: JobDocument): Explanation {
  const {runner, now, eyes} = looked;
  const withinMs = Math.max(REPEATED_MS, 2 * eyes.sweepSeconds * 1000);
  if (!runner && job.demand === 'open' && now - job.updatedAt > withinMs) {
    // It has waited, and nobody notes when the slot became free.
    return {
      verdict: 'creating',
      since: now,
      because: `a slot of pool ${job.pool} is free, and the job is one of the next to get one (queued for ${duration(now - job.queuedAt)})`,
      do: `Wait: if no task gives it the slot, the sweep does within ${duration(withinMs)}.`,
    };
  }
  if (!runner) {
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
    because: `runner ${runner.name} is being created since ${duration(now - runner.createdAt)}${where}${elsewhere(looked, runner)}`,
    do: 'Wait: this takes seconds to two minutes.',
  };
}

/** The machine is there. */
function made(looked: LookedAt, job: JobDocument, runner: RunnerDocument, pool: Pool): Explanation {
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
  if (registration === 'absent') return lost(looked, job, runner, 'is not registered at GitHub any more');
  if (isOnlineOnRecord(runner)) return lost(looked, job, runner, 'was online and is offline at GitHub');
  return booting(looked, runner, pool);
}

/** A boot is not called long before this, whatever is usual. */
const SHORT_BOOT_MS = 90_000;

function booting(looked: LookedAt, runner: RunnerDocument, pool: Pool): Explanation {
  const {now, usualBootMs, failedBoots, container} = looked;
  const since = container?.handedOverAt ?? runner.stateAt;
  const mostMs = pool.bootMinutes * MINUTE_MS;
  const longMs = Math.min(mostMs, Math.max(SHORT_BOOT_MS, 2 * (usualBootMs ?? mostMs)));
  const usual =
    usualBootMs === undefined
      ? `a boot may take ${duration(mostMs)} here`
      : `it usually takes ${duration(usualBootMs)} here, and may take ${duration(mostMs)}`;
  const before = failedBefore(failedBoots, now);
  const boots = `runner ${runner.name} has been booting for ${duration(now - since)}${placeOf(runner)}${elsewhere(looked, runner)}; ${usual}${before}`;
  if (now - since <= longMs) {
    const remedy = before
      ? 'If this one does not boot either, mend the startup script or the image; the machine’s console says how far it comes.'
      : 'Wait for the boot.';
    return {verdict: 'booting', since, because: boots, do: remedy};
  }
  return {
    verdict: 'booting',
    since,
    because: now - since > mostMs ? `${boots}, and the sweep replaces it` : `${boots}: this boot takes too long`,
    do: isGce(pool)
      ? `Read the VM’s serial port log: gcloud compute instances get-serial-port-output ${runner.name}${zoneFlag(runner)}`
      : looked.hosts.length > 0
        ? `Read what the container logs on its host: docker logs ${runner.name}`
        : 'Read what the machine logs at its provider: the address of its page is runner.url.',
    takesTooLong: true,
  };
}

/** `; the machine before did not boot (…)`; empty: it is the first. */
function failedBefore(failedBoots: readonly RunnerDocument[], now: number): string {
  const last = failedBoots.at(-1);
  if (!last) return '';
  const others = failedBoots.length - 1;
  const more = others > 0 ? `, nor did ${others === 1 ? 'the one' : `the ${others}`} before it` : '';
  return `; the machine before did not boot: ${last.name}${placeOf(last)} ended ${duration(now - last.stateAt)} ago${more}`;
}

function idle({now, registration}: LookedAt, runner: RunnerDocument, pool: Pool): Explanation {
  const {scope, stateAt, onlineAt} = runner;
  const labels = registration === 'unknown' || registration === 'absent' ? runner.labels : registration.labels;
  const where =
    scope.kind === 'organization'
      ? `runner group ${pool.runnerGroup} of organization ${scope.org}`
      : `repository ${scope.owner}/${scope.repo}`;
  return {
    verdict: 'runner_idle',
    since: onlineAt ?? stateAt,
    because: `runner ${runner.name} is online and idle in ${where} with the labels ${labels.join(', ')}, and GitHub has not given it the job (its machine is up for ${duration(now - stateAt)})`,
    do:
      scope.kind === 'organization'
        ? `If it lasts over a minute: check whether runner group ${pool.runnerGroup} admits the repository and this workflow.`
        : 'If it lasts over a minute: check whether the Actions settings of the repository and its organization allow self-hosted runners.',
  };
}

/** The runner that was there for the job went before it ran it. */
function lost({eyes}: LookedAt, job: JobDocument, runner: RunnerDocument, state: string): Explanation {
  return {
    verdict: 'retrying',
    since: runner.stateAt,
    because: `runner ${runner.name}, which was there for the job, ${state} and has not run it; the sweep makes another one for job ${job.jobId}-${job.runAttempt}`,
    do: `Wait: the sweep looks every ${duration(eyes.sweepSeconds * 1000)} and acts when two sweeps at least two minutes apart have seen it.`,
  };
}

function placeOf(runner: RunnerDocument): string {
  const placement = placementOf(runner);
  if (!placement) return '';
  const {place, machineType, spot} = placement;
  return ` in ${place}${machineType ? ` as ${machineType}` : ''}${spot ? ' (spot)' : ''}`;
}

/** ` in pool b, which serves it for pool a (pool a: no capacity …)`; empty: it is in the job's own pool. */
function elsewhere({job, pools}: LookedAt, runner: RunnerDocument): string {
  if (!job || runner.pool === job.pool || !poolsServing(pools, job.pool).includes(runner.pool)) return '';
  const {failedAttempt} = job;
  const tried = failedAttempt?.kind === 'no_capacity' ? ` (${quoted(failedAttempt.message)})` : '';
  return ` in pool ${runner.pool}, which serves the job for pool ${job.pool}${tried}`;
}

function zoneFlag(runner: RunnerDocument): string {
  const placement = placementOf(runner);
  return placement ? ` --zone=${placement.place}` : '';
}
