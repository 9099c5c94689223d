import type {Pool} from '../model/pool';
import type {SecretSource} from './credentials';
import type {OldName} from './old-names';
import type {DiscoverySource} from './pools';
import type {HostPort} from './variables';

/** What is deployed. Each needs a part of the configuration. */
export type FunctionName = 'webhook' | 'provision' | 'stop' | 'sweep' | 'api';

/** Plain-HTTP REST emulators that take the place of Google's. */
export interface Emulators {
  readonly tasks?: HostPort;
  readonly compute?: HostPort;
  readonly secretManager?: HostPort;
}

/** The whole configuration, deeply frozen, with every default filled in. Printing it shows no secret. */
export interface Config {
  /** Name of this installation: `DEPLOYMENT`, RFC 1035, ≤ 20 characters, default `slipway`. */
  readonly deployment: string;
  /** Empty only for `api`, which can do without. */
  readonly pools: readonly Pool[];
  /** Hard limit of runners over all pools, persistent VMs left out. Undefined: none but the pools' own. */
  readonly maxRunners?: number;
  /** Where the sweep looks for jobs. Default `installation` with an App, `configured` with a token. */
  readonly discovery: DiscoverySource;
  readonly github: {
    /** Without a trailing slash. Default `https://api.github.com`. */
    readonly apiUrl: string;
    /** What runners are registered at, and where a job's page is. Default `https://github.com`. */
    readonly webUrl: string;
    /** With `privateKey`, or neither. */
    readonly appId?: number;
    /** A literal one is PKCS#8 PEM; any other goes through `parsePrivateKey` when it has been read. */
    readonly privateKey?: SecretSource;
    readonly installationId?: number;
    /** Never together with `appId`. */
    readonly token?: SecretSource;
  };
  /** All are accepted. */
  readonly webhookSecrets: readonly SecretSource[];
  /** All are accepted. Empty only where `api` is not configured. */
  readonly managerSecrets: readonly SecretSource[];
  /** These three: undefined means that the metadata server is asked, see place.ts. */
  readonly project?: string;
  readonly zone?: string;
  readonly region?: string;
  /** `projects/P/locations/L/queues/Q` */
  readonly queues: {readonly provision?: string; readonly stop?: string};
  /** Also the OIDC audiences: character by character as they were given. */
  readonly urls: {readonly provision?: string; readonly stop?: string; readonly sweep?: string};
  /** E-mail address in the OIDC token of tasks and scheduler. */
  readonly tasksServiceAccount?: string;
  /** `platform`: Cloud Run's IAM has verified the token and replaced its signature. Default `verify`. */
  readonly internalAuth: 'verify' | 'platform';
  /** The first signs tasks, all are accepted. Empty: tasks are not signed, and `internalAuth` is `verify`. */
  readonly taskSigningKeys: readonly SecretSource[];
  readonly oidcJwksUrl: string;
  /** `emulatorHost`: `host:port`. */
  readonly firestore: {readonly database?: string; readonly emulatorHost?: string};
  readonly emulators: Emulators;
  /** The queues' limit: on that attempt a task is dead-lettered. Default 20. */
  readonly taskMaxAttempts: number;
  /** Default 15; may have fractions. */
  readonly vmInactiveMinutes: number;
  /** Decide and log everything, change nothing. */
  readonly dryRun: boolean;
  /** `off`: the sweep finds the jobs. */
  readonly webhooks: 'on' | 'off';
  /** Default 240. */
  readonly sweepBudgetSeconds: number;
  /** `*` or origins such as `https://example.com`. Default none. */
  readonly corsOrigins: readonly string[];
  readonly tracing: boolean;
  /** Variables that are set by the names of other systems: each is a WARNING at the start, see `warnOfOldNames`. */
  readonly oldNames: readonly OldName[];
  /** Default `info`. */
  readonly logLevel: 'debug' | 'info' | 'warning' | 'error';
}

/** Of the functions that create tasks and are called by them. */
export interface DispatchingConfig extends Config {
  readonly queues: {readonly provision: string; readonly stop: string};
  readonly urls: {readonly provision: string; readonly stop: string; readonly sweep?: string};
  readonly tasksServiceAccount: string;
}

export interface SweepConfig extends DispatchingConfig {
  readonly urls: {readonly provision: string; readonly stop: string; readonly sweep: string};
}

export type ApiConfig = Config;

/** `Config` in which what the function requires is there. */
export type ConfigFor<T extends FunctionName> = {
  webhook: DispatchingConfig;
  provision: DispatchingConfig;
  stop: DispatchingConfig;
  sweep: SweepConfig;
  api: ApiConfig;
}[T];
