import {describeHost, type KnownHost, whyUnheard} from '../hosts/hosts';
import type {JobDocument} from '../model/job';
import {placementOf} from '../model/placement';
import type {EphemeralPool} from '../model/pool';
import {isBeingCreated, type RunnerDocument} from '../model/runner';
import type {LookedAt} from './looked-at';
import type {Explanation} from './verdict';

/** What gives a pool of containers more room. */
export const MORE_ROOM = 'raise capacity of a host, or add one to the pool';

/**
 * Why a job of a pool of containers has none yet: no host has room, or the host that has its container does not call. Undefined: the hosts are
 * not the reason.
 */
export function waitingForHost({hosts, runner, now}: LookedAt, job: JobDocument): Explanation | undefined {
  if (hosts.length === 0) return undefined;
  if (runner && !isBeingCreated(runner)) return assigned(hosts, runner);
  const hasFailed = job.failedAttempt?.kind === 'no_capacity';
  if (!runner || !hasFailed || hosts.some(hasRoom)) return undefined;
  return withoutRoom(hosts, job.failedAttempt?.at ?? now);
}

/** Why no slot of the pool is free, where it has as many as its hosts have room for, or its hosts do not call. Undefined: `maxRunners` is less. */
export function waitingForRoom({hosts}: LookedAt, job: JobDocument, pool: EphemeralPool): Explanation | undefined {
  if (hosts.length === 0 || hosts.some(hasRoom)) return undefined;
  return isLimitedByHosts(hosts, pool) || hosts.every(({silent}) => silent)
    ? withoutRoom(hosts, job.queuedAt)
    : undefined;
}

/** Whether a higher `maxRunners` of the pool would change nothing. */
export function isLimitedByHosts(hosts: readonly KnownHost[], {maxRunners}: EphemeralPool): boolean {
  return hosts.length > 0 && maxRunners >= hosts.reduce((sum, {capacity}) => sum + capacity, 0);
}

function hasRoom({silent, used, capacity}: KnownHost): boolean {
  return !silent && used < capacity;
}

function withoutRoom(hosts: readonly KnownHost[], since: number): Explanation {
  const because = hosts.map(describeHost).join('; ');
  if (hosts.every(({silent}) => silent))
    return waitingForStart(hosts, because, since) ?? {verdict: 'host_silent', since, because, do: remedyOf(hosts)};
  return {verdict: 'host_full', since, because, do: `Wait until a container ends, ${MORE_ROOM}.`};
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
  const silent = {verdict: 'host_silent', since: runner.stateAt, because, do: remedyOf([host])} as const;
  return waitingForStart([host], because, runner.stateAt) ?? silent;
}

function remedyOf(hosts: readonly KnownHost[]): string {
  const [unheard] = hosts.flatMap((host) => whyUnheard(host) ?? []);
  if (unheard) return unheard.do;
  const whose = hosts.length === 1 ? 'the host' : 'the hosts';
  return `Start the agent on ${whose}: journalctl --unit slipway-docker-host tells why it does not call; slipway hosts shows all hosts.`;
}
