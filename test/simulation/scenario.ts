import type {CleanupTarget} from '../../shared/cleanup/thing';
import type {Absence} from '../emulators/compute/catalog';
import {MEMORY, MEMORY_IDS} from '../emulators/memory/provider';
import type {BootFailure} from '../emulators/runner-process';
import type {StandbySetting} from './standby-setting';

/** What some zones do not have and some machine types cannot take. Every pool has at least one placement that works. */
export interface Placements {
  readonly lacking: readonly {readonly zone: string; readonly type: string; readonly refused: Absence}[];
  /** The boot disk of the pools `arm` and `shared`, whose machine types are `MACHINE_TYPES`: one of them cannot take it. */
  readonly disk: 'pd-balanced' | 'hyperdisk-balanced';
  /** What refuses that: the request, or its operation. */
  readonly misfits: 'request' | 'operation';
  /** `spot` of the pool with GPUs. */
  readonly gpuSpot: 'prefer' | 'never';
}

/** Everything that is to happen in one simulated world, as data: it is drawn from a seed, and can be cut down. Times in milliseconds. */
export interface Scenario {
  /** Draws the latencies, the ids and GitHub's choices. */
  readonly seed: number;
  readonly setting: Setting;
  readonly jobs: readonly JobPlan[];
  readonly faults: readonly Fault[];
  /** What people do through `api`; nothing unless given. */
  readonly acts?: readonly Act[];
}

/** A request of a person. `pick` chooses the pool, the repository, or which of the things that are there. */
export interface Act {
  readonly atMs: number;
  /** `test`: of a pool. `request`, `remove`: runners. `retry`: a dead letter. `start`, `stop`: the persistent VM. */
  readonly does: 'test' | 'request' | 'remove' | 'cleanup' | 'retry' | 'start' | 'stop';
  /** Of a clean-up. */
  readonly what?: CleanupTarget;
  readonly dry: boolean;
  readonly pick: number;
}

export interface Setting {
  /** Standby machines of two pools; none unless given. */
  readonly standby?: StandbySetting | undefined;
  /** The type of the provider of all pools that make machines; `gce` unless given. */
  readonly provider?: SimulatedProvider | undefined;
  /** `maxRunners` of each pool. */
  readonly maxRunners: {readonly arm: number; readonly spot: number; readonly shared: number};
  /** `maxRunners` over all pools together; none unless given. */
  readonly total?: number;
  /** A pool that is drained for a while, by a deployment with `maxRunners: 0`, and then not any more. */
  readonly drained?: Drained;
  /** Pools of EC2 and CodeMagic are in another region or team for a while, by a deployment, and then where they were. */
  readonly moved?: Moved;
  /** They are there now. */
  readonly isElsewhere?: boolean;
  readonly idleMinutes: number;
  /** Hooks at GitHub that send the same events. */
  readonly hooks: number;
  readonly routing: 'oldest' | 'random';
  /** How long GitHub's `busy` stays false after a job's start, at the longest. */
  readonly busyLieMs: number;
  /** How long lists leave out a new registration, at the longest. */
  readonly listingMs: number;
  /** How long the registration of a runner stays after its job, at the longest. */
  readonly removalMs: number;
  /** From RUNNING to a runner that is online, at the longest. */
  readonly bootMs: number;
  /** The clock of an execution is wrong by this much at the most. */
  readonly skewMs: number;
  /** Webhooks are late by this much at the most, each by its own measure, so that they overtake each other. */
  readonly webhookDelayMs: number;
  /** Tasks are late by this much at the most, besides faults. */
  readonly taskDelayMs: number;
  /** Whether VMs and registrations are there that are not ours. */
  readonly foreignResources?: boolean;
  /** Whether others at GitHub use our names, and GitHub names the wrong runner. */
  readonly neighbours?: boolean;
  /** Whether VMs, a registration and records are there that an earlier control plane left. */
  readonly leftovers?: boolean;
  /** Whether there is a persistent VM, with a pool of its own. */
  readonly vm?: boolean;
  /** GitHub gives a job whose runner went silent back to the queue, instead of failing it. */
  readonly givesBack?: boolean;
  /** How often GitHub's lists have a wrong total, or a page that answers 502: of a thousand pages. */
  readonly badPages?: number;
  /**
   * What is always wrong with lists of runs and jobs: the total is one too high, large pages answer 502, or the jobs of runs do that are
   * nobody's, one of which begins with each of ours.
   */
  readonly brokenLists?: 'total' | 'large' | 'nobodys' | undefined;
  /** There are no webhooks at all: jobs are found by the sweep. */
  readonly webhooksOff?: boolean;
  /** Undefined: every zone takes every machine. */
  readonly placements?: Placements | undefined;
  /** Repositories `acme/repo-<n>`, from 0 on, beside the usual ones; none unless given. */
  readonly moreRepositories?: number;
  /** Attempts to deliver on one page of GitHub's list; 100 unless given. */
  readonly deliveriesAPage?: number;
  /** `SWEEP_INTERVAL_SECONDS`; 60 unless given. */
  readonly sweepIntervalSeconds?: number | undefined;
  /** Apps at GitHub that share the load; 1 unless given. */
  readonly apps?: number;
  /** One of several Apps does not act for the account for a while. */
  readonly appAway?: AppAway;
  /** The last of several Apps has a webhook, too, with the URL of the first one's. */
  readonly appHook?: boolean;
  /** Provision queues; 1 unless given. */
  readonly queues?: number;
  /** The scheduler starts each sweep twice, at once. */
  readonly sweepsTwice?: boolean;
  /** Until the next job comes, and nothing is there, the sweep and the agents of Docker hosts are called seldom, as they are after the last one. */
  readonly rests?: boolean;
  /** Where there are all providers: each pool falls back to one of another provider, and one of them to two. */
  readonly fallbacks?: boolean;
}

/** From one call of the scheduler to the next, at least: Cloud Scheduler knows whole minutes. */
export function sweepIntervalMs({setting}: Pick<Scenario, 'setting'>): number {
  return Math.max(60, setting.sweepIntervalSeconds ?? 60) * 1000;
}

/** Every real provider, each with a pool of its own in one configuration. */
export const ALL = 'all';

/** Providers that a world can have. */
export const SIMULATED_PROVIDERS = [
  'gce',
  'cloud-run',
  'docker',
  'codemagic',
  'ec2',
  ALL,
  MEMORY,
  MEMORY_IDS,
  // Pools of both that fall back to each other, and jobs that choose their machines.
  'gce+ec2',
] as const;

export type SimulatedProvider = (typeof SIMULATED_PROVIDERS)[number];

export interface AppAway {
  /** The last one unless given. */
  readonly app?: 'first' | 'last';
  /** Suspended, not installed, without the repositories, or without the permission for runners. */
  readonly how: 'suspended' | 'uninstalled' | 'left_out' | 'forbidden';
  readonly fromMs: number;
  readonly forMs: number;
}

export interface Moved {
  readonly fromMs: number;
  readonly forMs: number;
}

export interface Drained {
  readonly pool: 'arm' | 'spot' | 'shared';
  readonly fromMs: number;
  readonly forMs: number;
}

/**
 * `vm`: for the persistent VM; `vmHuge`: for it too, with a label that its runner does not have; `run`: with labels that are made for one job, and have commas; `bare`: without
 * labels.
 */
export type JobKind = 'arm' | 'large' | 'spot' | 'shared' | 'vm' | 'vmHuge' | 'run' | 'bare';

export interface JobPlan {
  /** After the start of the world. */
  readonly atMs: number;
  readonly repository: string;
  readonly kind: JobKind;
  readonly durationMs: number;
  /** Jobs of a matrix: all at once, or so many at a time. */
  readonly matrix: number;
  readonly maxParallel: number;
  /** Cancelled after so long, whether it runs by then or not. */
  readonly cancelAfterMs?: number;
  /** Held back by an environment until somebody approves it. */
  readonly approvedAfterMs?: number;
  /** Sent back from `queued` to `waiting`, and approved again. */
  readonly sentBack?: {readonly afterMs: number; readonly forMs: number};
  /** A job beside the others in their run, held back by an environment until somebody approves it so long after. */
  readonly heldBesideMs?: number;
  /** Run once more, so long after its run was over. */
  readonly rerunAfterMs?: number;
}

/**
 * `nth` counts from 1 the events or calls of that kind. What one fault strikes does not depend on other faults.
 * Some are such that no later event repairs them: see `needsSweep`.
 */
export type Fault =
  | WebhookFault
  | DispatchFault
  | TaskLostFault
  | CallFault
  | {readonly on: 'stock_out'; readonly zone: string; readonly fromMs: number; readonly forMs: number}
  | {
      readonly on: 'quota';
      readonly cpus: number;
      readonly refused: 'request' | 'operation';
      /** That provider's alone, where there are several; every one's unless given. */
      readonly of?: SimulatedProvider;
      readonly fromMs: number;
      readonly forMs: number;
    }
  /** The organisation forbids guest attributes: no standby machine can report. */
  | {readonly on: 'policy'; readonly fromMs: number; readonly forMs: number}
  | {readonly on: 'github_down'; readonly fromMs: number; readonly forMs: number}
  /** No webhook arrives: each is answered so, or not at all. */
  | {readonly on: 'webhook_down'; readonly fromMs: number; readonly forMs: number; readonly answer?: 503}
  /** So many events of jobs that no pool takes. */
  | {readonly on: 'flood'; readonly atMs: number; readonly count: number}
  /** Takes no new VM, and is missing in lists of VMs, which say so. */
  | {readonly on: 'zone_down'; readonly zone: string; readonly fromMs: number; readonly forMs: number}
  /** Inserts that are accepted fail in the end. */
  | {readonly on: 'late_failure'; readonly atMs: number; readonly code: string; readonly times: number}
  /** `isHeeded`: the guest ends its runner at the notice. */
  | {readonly on: 'preemption'; readonly atMs: number; readonly pick: number; readonly isHeeded?: boolean}
  | {readonly on: 'host_error'; readonly atMs: number; readonly pick: number}
  /** The persistent VM goes down: its host fails, or while it runs no job somebody stops it by hand, or its guest powers off. */
  | {readonly on: 'vm_down'; readonly atMs: number; readonly by: VmDownBy}
  /** The listener of the persistent VM's runner ends, with its job: it comes back after so long, or the VM powers off then. */
  | {readonly on: 'listener'; readonly atMs: number; readonly forMs: number; readonly givesUp: boolean}
  /** The startup script of the nth VM fails: it hangs, unless given. */
  | {readonly on: 'boot'; readonly nth: number; readonly by?: BootFailure}
  /** The nth VM whose runner ends goes on running. */
  | {readonly on: 'power_off'; readonly nth: number};

export type VmDownBy = 'host' | 'hand' | 'guest';

/** Whether nothing goes wrong in it but with the persistent VM itself, so that it can be told how soon it has to be up. */
export function isVmAlone({setting, faults, acts = []}: Pick<Scenario, 'setting' | 'faults' | 'acts'>): boolean {
  if (acts.length > 0) return false;
  return setting.webhookDelayMs === 0 && faults.every(({on}) => on === 'vm_down' || on === 'listener');
}

export interface WebhookFault {
  readonly on: 'webhook';
  readonly nth: number;
  readonly effect: 'dropped' | 'doubled' | 'answer_lost' | 'never_arrives' | {readonly lateMs: number};
}

export interface DispatchFault {
  readonly on: 'dispatch';
  readonly queue: 'provision' | 'stop';
  readonly nth: number;
  readonly effect: 'twice' | 'concurrently' | 'answer_lost' | 'not_delivered' | {readonly lateMs: number};
}

/** The queue uses up the attempts of the nth task and forgets it. `diesAt`: its first execution got so far, and died before this call; else none ran. */
export interface TaskLostFault {
  readonly on: 'task';
  readonly queue: 'provision' | 'stop';
  readonly nth: number;
  readonly diesAt?: number;
}

/** `ingest`: the queue as `webhook` sees it. Nobody repeats what fails there but a sweep. `machines`: the service of a provider that is not Compute Engine. */
export type Port = 'store' | 'tasks' | 'ingest' | 'github' | 'compute' | 'machines';

/**
 * `dies_before`, `dies_after`: the execution that makes the call ends there and then. `failed`: no effect, and an error. `lost`: the
 * effect, and an error. `no_token`: no effect, and a 404 of the metadata server, which has no access token; `page`: one of a proxy. The others
 * are refusals of GitHub or Compute Engine.
 */
export type CallEffect =
  | 'dies_before'
  | 'dies_after'
  | 'failed'
  | 'lost'
  | 'hang'
  | 'unavailable'
  | 'secondary_limit'
  | 'rate_limit'
  | 'quota'
  | 'no_token'
  | 'page';

export interface CallFault {
  readonly on: 'call';
  readonly port: Port;
  /** Any method unless given. */
  readonly method?: string;
  readonly nth: number;
  readonly effect: CallEffect;
}

/** Whether there is something in it that no later event repairs: leftovers, a fault, or a persistent VM that stays on record as starting. */
export function needsSweep({setting, jobs, faults, acts = []}: Scenario): boolean {
  // Who asks and gets no answer asks nobody to go on.
  if (acts.length > 0) return true;
  // A limit that is raised tells nobody.
  if (setting.leftovers || setting.drained || setting.moved || setting.webhooksOff) return true;
  // While the first App is away nobody tells of jobs.
  if (setting.appAway?.app === 'first') return true;
  // `waiting` may arrive after the `queued` that it came before, and no event says in which order GitHub sent them.
  const heldMs = jobs.flatMap(({approvedAfterMs, heldBesideMs, sentBack}) => [
    approvedAfterMs,
    heldBesideMs,
    sentBack?.forMs,
  ]);
  if (heldMs.some((ms) => ms !== undefined && ms < setting.webhookDelayMs)) return true;
  // The persistent VM stays on record as starting, and a creation that nobody awaits as done.
  const lateLasts = setting.vm === true || (setting.provider ?? 'gce') !== 'gce';
  return faults.some((fault) => isLasting(fault) || (lateLasts && fault.on === 'late_failure'));
}

/** Whether nothing but a sweep can repair what the fault breaks. */
function isLasting(fault: Fault): boolean {
  switch (fault.on) {
    case 'webhook':
      return fault.effect === 'dropped' || fault.effect === 'never_arrives';
    case 'call':
      return fault.port === 'ingest' && fault.effect !== 'lost' && fault.effect !== 'dies_after';
    case 'webhook_down':
    case 'task':
    case 'preemption':
    case 'host_error':
    case 'vm_down':
    case 'listener':
    case 'boot':
      return true;
    default:
      return false;
  }
}
