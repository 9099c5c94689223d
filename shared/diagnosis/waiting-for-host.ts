import {describeHost, type KnownHost} from '../hosts/hosts';
import type {JobDocument} from '../model/job';
import {placementOf} from '../model/placement';
import {isBeingCreated, type RunnerDocument} from '../model/runner';
import type {LookedAt} from './looked-at';
import type {Explanation} from './verdict';

/**
 * Why a job of a pool of containers has none yet: no host has room, or the host that has its container does not call. Undefined: the hosts are
 * not the reason.
 */
export function waitingForHost({hosts, runner, now}: LookedAt, job: JobDocument): Explanation | undefined {
  if (hosts.length === 0) return undefined;
  if (runner && !isBeingCreated(runner)) return assigned(hosts, runner);
  const hasFailed = job.failedAttempt?.kind === 'no_capacity';
  if (!runner || !hasFailed || hosts.some(({silent, used, capacity}) => !silent && used < capacity)) return undefined;
  const because = hosts.map(describeHost).join('; ');
  const since = job.failedAttempt?.at ?? now;
  if (hosts.every(({silent}) => silent))
    return waitingForStart(hosts, because, since) ?? {verdict: 'host_silent', since, because, do: remedyOf(hosts)};
  const advice = 'Wait until a container ends, raise capacity of a host, or add one to the pool.';
  return {verdict: 'host_full', since, because, do: advice};
}

/** A VM of the hosts is starting, or is started with the next try. Undefined: none is, or the last start came to nothing. */
function waitingForStart(hosts: readonly KnownHost[], because: string, since: number): Explanation | undefined {
  const coming = hosts.find(
    ({vm, vmDocument}) => vm && (vmDocument?.startFailures ?? 0) === 0 && vmDocument?.state !== 'running',
  );
  if (!coming?.vm) return undefined;
  const {instance, zone} = coming.vm;
  const advice = `Wait until its agent calls; if it does not, look at the VM: gcloud compute instances get-serial-port-output ${instance} --zone=${zone}`;
  return {verdict: 'vm_starting', since: coming.vmDocument?.stateAt ?? since, because, do: advice};
}

/** The host has the assignment, and has not picked it up. */
function assigned(hosts: readonly KnownHost[], runner: RunnerDocument): Explanation | undefined {
  const host = hosts.find(({name}) => name === placementOf(runner)?.place);
  if (!host?.silent || runner.runs !== null) return undefined;
  const because = `runner ${runner.name} waits for its host: ${describeHost(host)}`;
  return {verdict: 'host_silent', since: runner.stateAt, because, do: remedyOf([host])};
}

function remedyOf(hosts: readonly KnownHost[]): string {
  const whose = hosts.length === 1 ? 'the host' : 'the hosts';
  return `Start the agent on ${whose}: journalctl --unit slipway-docker-host tells why it does not call; slipway hosts shows all hosts.`;
}
