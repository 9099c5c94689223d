import type {RunnerScope} from '../model/scope';
import type {Secret} from '../secret';

export interface JitConfigRequest {
  /** Runner name, unique in the scope; ≤ 64 characters. */
  readonly name: string;
  /** All labels, spelt out: GitHub adds none to a JIT runner. 1 to 100. */
  readonly labels: readonly string[];
  /** Runner group by name; `Default` unless configured. */
  readonly runnerGroup: string;
}

export interface JitConfig {
  readonly runnerId: number;
  /** Single use. Goes into the VM's metadata and nowhere else. */
  readonly encodedJitConfig: Secret;
}

/** A runner as GitHub lists it. */
export interface Registration {
  readonly id: number;
  readonly name: string;
  readonly status: 'online' | 'offline';
  /** Lies for up to minutes around the start of a job: one `false` proves nothing. */
  readonly busy: boolean;
  readonly labels: readonly string[];
  /** Those of the labels that can be taken off: not `self-hosted`, the system and the architecture. */
  readonly customLabels: readonly string[];
}

/** How GitHub says that a job stands. */
export interface JobAtGitHub {
  readonly status: 'queued' | 'waiting' | 'in_progress' | 'completed';
  readonly runnerName: string | null;
  /** The runner's registration; null where GitHub does not say. */
  readonly runnerId: number | null;
}

/**
 * What Slipway asks of GitHub, for one scope. Every call has a time-out and throws `RateLimited`, `Unavailable`, `Uncertain`
 * or `Refused` (see shared/errors.ts); `createJitConfig` throws `NameTaken` on 409, and `Uncertain` when the registration
 * may exist although no answer came.
 *
 * @see https://docs.github.com/en/rest/actions/self-hosted-runners
 */
export interface GitHub {
  createJitConfig(request: JitConfigRequest): Promise<JitConfig>;
  /** The runner of exactly this name, or undefined. */
  findRunner(name: string): Promise<Registration | undefined>;
  getRunner(id: number): Promise<Registration | undefined>;
  /** Every runner of the scope: all pages, or an error. */
  listRunners(): Promise<Registration[]>;
  /** `busy`: GitHub refuses (422) because the runner runs a job. `absent`: it was not there. */
  deleteRunner(id: number): Promise<'deleted' | 'absent' | 'busy'>;
  /** Takes a custom label off the runner. `absent`: the runner or its label was not there. */
  removeLabel(runnerId: number, label: string): Promise<'removed' | 'absent'>;
  /** Gives the runner labels beside those that it has. `absent`: the runner is not there. */
  addLabels(runnerId: number, labels: readonly string[]): Promise<'added' | 'absent'>;
  /** The job of a repository, `owner/name`, that the scope covers; undefined when it is not there (any more). */
  getJob(repository: string, jobId: number): Promise<JobAtGitHub | undefined>;
}

/** GitHub for a scope. The installation id comes from the webhook's payload, else the configuration, else it is looked up. */
export type GitHubFor = (scope: RunnerScope, installationId?: number) => GitHub;
