/** What the page reads of the api's answers. The schemas in `shared/api/routes` say what the fields mean; times are ISO 8601. */

export interface Step {
  readonly at: string;
  readonly what: string;
  readonly detail?: string;
}

export interface WaitingJob {
  readonly id: number;
  readonly attempt: number;
  readonly url: string | null;
  readonly repository: string;
  readonly labels: readonly string[];
  readonly pool: string;
  readonly age_seconds: number;
  readonly position: number | null;
  readonly verdict: string;
  readonly because: string;
  readonly do: string;
}

export interface UnservedJob {
  readonly id?: number;
  readonly do?: string;
  readonly url: string | null;
  readonly repository: string;
  readonly labels: readonly string[];
  readonly verdict: string;
  readonly because: string;
}

export interface RecentJob {
  readonly id: number;
  readonly attempt: number;
  readonly url: string | null;
  readonly repository: string;
  readonly pool: string;
  readonly status: string;
  readonly runner: string | null;
  readonly timeline: readonly Step[];
}

export interface ActiveRunner {
  readonly name: string;
  readonly pool: string;
  readonly state: string;
  readonly job_id: number | null;
  readonly running_seconds: number | null;
}

export interface Status {
  readonly at: string;
  readonly active_runners: readonly ActiveRunner[];
  readonly active_runners_total: number;
  readonly max_concurrent: number;
  readonly pools: readonly {
    readonly name: string;
    readonly limit: number;
    readonly states: Readonly<Record<string, number>>;
  }[];
  readonly waiting_jobs: readonly WaitingJob[];
  readonly waiting_jobs_total: number;
  readonly unserved_jobs: readonly UnservedJob[];
  readonly recent_jobs?: readonly RecentJob[];
  readonly hosts?: readonly {
    readonly name: string;
    readonly capacity: number;
    readonly containers: number;
    readonly free: number;
    readonly last_seen: string | null;
    readonly silent: boolean;
    /** Null: the host is no VM that is started for jobs. */
    readonly vm: string | null;
  }[];
  readonly standby?: readonly {
    readonly pool: string;
    readonly wanted: number;
    readonly ready: number;
    readonly preparing: number;
    readonly claimed: number;
  }[];
  readonly last_sweep: {
    readonly ended_at: string;
    readonly age_seconds: number;
    readonly ok: boolean;
    readonly complete: boolean;
    readonly because: string | null;
  } | null;
  readonly poll_interval_seconds: number;
  readonly breakers: readonly {
    readonly name: string;
    readonly since: string;
    readonly message: string;
    readonly next_probe: string;
  }[];
  readonly github_app: 'configured' | 'missing';
  readonly deadletters: number;
  readonly runner_version: {readonly latest: string} | null;
}

export interface PoolConfig {
  readonly name: string;
  readonly requires: readonly string[];
  readonly offers: readonly string[] | null;
  readonly repos?: readonly string[];
  readonly org?: string;
  readonly provider: {readonly type: string};
}

export interface Info {
  readonly version: string;
  readonly deployment: string;
  readonly runner_configs: readonly PoolConfig[];
}

export interface DeadLetter {
  readonly id: string;
  readonly error: string;
  readonly job: string | null;
  readonly url: string | null;
  readonly attempts: number;
  readonly count: number;
  readonly at: string;
}

export interface Explanation {
  readonly job: {
    readonly id: number;
    readonly url: string | null;
    readonly repository: string;
    readonly labels: readonly string[];
  } | null;
  readonly verdict: string;
  readonly because: string;
  readonly do: string;
  readonly pool: string | null;
  readonly timeline: readonly Step[];
}

export interface Costs {
  readonly rows: readonly {
    readonly key: string;
    readonly minutes: number;
    readonly usd: number | null;
    readonly github_hosted_usd: number | null;
  }[];
  readonly total: {readonly minutes: number; readonly usd: number | null; readonly github_hosted_usd: number | null};
}

export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'error' | 'skipped';
  readonly because: string;
  readonly do: string;
}

export interface PoolTest {
  readonly decision: string;
  readonly because: string;
  readonly name: string | null;
  readonly placements: readonly Placement[];
  readonly fallbacks: readonly {
    readonly pool: string;
    readonly because: string;
    readonly placements: readonly Placement[];
  }[];
}

export interface Placement {
  readonly place: string;
  readonly machine_type: string | null;
  readonly spot: boolean;
}
