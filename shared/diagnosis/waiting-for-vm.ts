import {MINUTE_MS} from '../durations';
import type {JobDocument} from '../model/job';
import {lackedLabels, type VmDocument} from '../model/vm';
import {jobName, type LookedAt, type VmLook} from './looked-at';
import {attemptOf, due, duration, type Explanation, ordinal, quoted} from './verdict';

/** What a queued job of a persistent VM waits for. */
export function waitingForVm(looked: LookedAt, job: JobDocument): Explanation {
  const {vm: look, now, failed} = looked;
  if (!look) throw new RangeError(`job ${job.jobId} is of a pool with a persistent VM, and no VM was looked at`);
  if (job.demand === 'dead') return cannotTake(looked, look, job);
  if (looked.pool?.maxRunners === 0) {
    return {
      verdict: 'waiting_for_slot',
      since: job.queuedAt,
      because: `pool ${job.pool} is drained (maxRunners: 0): its VM is not started for new jobs`,
      do: `Raise maxRunners of pool ${job.pool}, and apply.`,
    };
  }
  const {vm, document} = look;
  if (!document || document.state === 'stopped') {
    if (document && document.startFailures > 0) return noCapacity(looked, look, document, job);
    if (failed && failed.at >= (document?.stateAt ?? 0)) {
      return {
        verdict: 'retrying',
        since: failed.at,
        because: `the last attempt to start VM ${vm.instance} failed ${duration(now - failed.at)} ago: ${quoted(failed.message)}; ${attemptOf(failed)}, the next try is ${due(failed.nextTryAt, now)}`,
        do: 'Wait for the next try; if the message stays the same, remove the cause that it names.',
      };
    }
    return starting(look, job.queuedAt, `VM ${vm.instance} is stopped on record, and its start is on its way`);
  }
  const forLong = duration(now - document.stateAt);
  if (document.state === 'stopping')
    return starting(
      look,
      document.stateAt,
      `VM ${vm.instance} has been stopping for ${forLong}: it is started again when it is down`,
    );
  if (document.state === 'starting')
    return starting(look, document.stateAt, `VM ${vm.instance} in ${vm.zone} has been starting for ${forLong}`);
  return up(looked, look, document, job);
}

function starting({vm}: VmLook, since: number, because: string): Explanation {
  return {
    verdict: 'vm_starting',
    since,
    because,
    do: `Wait; after ${vm.bootMinutes} min look at the VM: gcloud compute instances describe ${vm.instance} --zone=${vm.zone}`,
  };
}

function noCapacity({now}: LookedAt, {vm}: VmLook, document: VmDocument, job: JobDocument): Explanation {
  const since = document.startFailingSince ?? document.stateAt;
  const said = job.failedAttempt ? `: ${quoted(job.failedAttempt.message)}` : '';
  return {
    verdict: 'no_capacity',
    since,
    because: `VM ${vm.instance} could not be started in ${vm.zone} since ${duration(now - since)} (${document.startFailures} tries)${said}; the next try is ${due(document.nextStartAt, now)}`,
    do: 'Wait, move the VM to another zone, or reserve capacity.',
  };
}

/** The VM is up. */
function up(looked: LookedAt, look: VmLook, document: VmDocument, job: JobDocument): Explanation {
  const {registration, now} = looked;
  const {vm, before} = look;
  const runner = runnerOf(look, job);
  if (document.runs.length > 0) {
    return {
      verdict: 'waiting_for_slot',
      since: job.queuedAt,
      position: before + 1,
      because: `VM ${vm.instance} runs job ${document.runs.join(', ')}, and job ${jobName(looked)} is the ${ordinal(before + 1)} in its queue`,
      do: 'Wait until the job ends, or let a pool that makes a VM for each job serve these labels.',
    };
  }
  const forLong = duration(now - document.stateAt);
  const since = document.stateAt;
  if (registration === 'absent') {
    return {
      verdict: 'vm_runner_offline',
      since,
      because: `VM ${vm.instance} has been up for ${forLong}, and no runner ${runner} is registered at GitHub for ${job.repository}`,
      do: `Register runner ${runner} on the VM (terraform/runner/README.md, Persistent VMs), or set runnerName to its name.`,
    };
  }
  const isOnline = registration !== 'unknown' && registration.status === 'online';
  if (isOnline) {
    return {
      verdict: 'runner_idle',
      since,
      because: `runner ${runner} of VM ${vm.instance} is online${registration.busy ? ' and busy' : ' and idle'}, and GitHub has not given it job ${jobName(looked)}`,
      do: 'If it lasts over a minute: check whether its runner group admits the repository, and whether the Actions settings allow self-hosted runners.',
    };
  }
  if (now - since <= vm.bootMinutes * MINUTE_MS)
    return starting(
      look,
      since,
      `VM ${vm.instance} has been up for ${forLong}, and its runner ${runner} has not taken the job yet`,
    );
  return {
    verdict: 'vm_runner_offline',
    since,
    because: `VM ${vm.instance} has been up for ${forLong}, and its runner ${runner} is ${registration === 'unknown' ? 'not known to be online' : 'offline at GitHub'}`,
    do: `Look at the runner’s service on the VM: gcloud compute ssh ${vm.instance} --zone=${vm.zone} --command="journalctl -u 'actions.runner*'"`,
  };
}

function cannotTake(looked: LookedAt, look: VmLook, job: JobDocument): Explanation {
  const {registration} = looked;
  const {vm} = look;
  const runner = runnerOf(look, job);
  // GitHub is not asked for a list of jobs: what the runner lacked when it rejected the job is on record.
  const lacked =
    registration === 'unknown' || registration === 'absent'
      ? (job.lackedLabels ?? lackedOfRecord(look, job))
      : lackedLabels(job.labels, [registration.labels]);
  const what = lacked.length > 0 ? lacked.join(', ') : `one of ${job.labels.join(', ')}`;
  return {
    verdict: 'vm_cannot_take_it',
    since: job.updatedAt,
    because: `job ${jobName(looked)} asks for ${what}, which runner ${runner} of VM ${vm.instance} does not have at GitHub: GitHub never gives it this job`,
    do: `Give runner ${runner} the label at GitHub, or take it out of runs-on.`,
  };
}

/** For jobs that an earlier version rejected. */
function lackedOfRecord({document}: VmLook, {labels}: JobDocument): readonly string[] {
  const seen = (document?.seenLabels ?? []).map((one) => one.labels);
  return seen.length === 0 ? [] : lackedLabels(labels, seen);
}

function runnerOf({vm}: VmLook, job: JobDocument): string {
  return vm.pools.find(({pool}) => pool.name === job.pool)?.runnerName ?? vm.instance;
}
