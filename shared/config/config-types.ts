import type {Host} from '../model/host';
import type {Pool} from '../model/pool';
import type {AwsSettings} from './aws';
import type {SecretReference, SecretSource} from './credentials';
import type {OldName} from './old-names';
import type {DiscoverySource} from './pools';
import type {HostPort} from './variables';

/** The deployed functions. Each needs a part of the configuration. */
export type FunctionName = 'webhook' | 'provision' | 'stop' | 'sweep' | 'api';

/** Plain-HTTP REST emulators that take the place of Google's. */
export interface Emulators {
  readonly tasks?: HostPort;
  readonly compute?: HostPort;
  readonly run?: HostPort;
  readonly secretManager?: HostPort;
}

/** A GitHub App beside the first one. */
export interface AppSettings {
  readonly appId: number | SecretReference;
  /** As `privateKey` of the first App. */
  readonly privateKey: SecretSource;
  readonly installationId?: number;
}

/** The whole configuration, deeply frozen, with every default filled in. Printing it shows no secret. */
export interface Config {
  /** Name of this installation: `DEPLOYMENT`, RFC 1035, ≤ 20 characters, default `slipway`. */
  readonly deployment: string;
  /** Empty only for `api`, which can run without pools. */
  readonly pools: readonly Pool[];
  /** The Docker hosts, on which pools of type `docker` run containers. */
  readonly hosts: readonly Host[];
  /** Hard limit of runners over all pools, without persistent VMs. Undefined: only the limits of the pools apply. */
  readonly maxRunners?: number;
  /** USD an hour by machine type or `<type>/spot`, for `/costs`. Undefined: list prices alone. */
  readonly prices?: Readonly<Record<string, number>>;
  /** Where the sweep looks for jobs. Default `installation` with an App, `configured` with a token. */
  readonly discovery: DiscoverySource;
  readonly github: {
    /** Without a trailing slash. Default `https://api.github.com`. */
    readonly apiUrl: string;
    /** URL of GitHub's pages, at which runners are registered. Default `https://github.com`. */
    readonly webUrl: string;
    /** Set together with `privateKey`. A secret without a version: no App is configured yet. */
    readonly appId?: number | SecretReference;
    /** A literal key is PKCS#8 PEM. A referenced key is passed to `parsePrivateKey` after it has been read. */
    readonly privateKey?: SecretSource;
    readonly installationId?: number;
    /** More Apps, which share the load of the first one; empty unless `GITHUB_APPS` names some. Only with `appId`. */
    readonly moreApps: readonly AppSettings[];
    /** Never together with `appId`. */
    readonly token?: SecretSource;
  };
  /** `apiUrl`: of v1, `v3Url`: of v3, without a slash at the end. The token is there wherever a pool of type codemagic needs it. */
  readonly codemagic: {readonly apiUrl: string; readonly v3Url: string; readonly token?: SecretSource};
  /** A signature with any of these secrets is accepted. */
  readonly webhookSecrets: readonly SecretSource[];
  /** Any of these secrets is accepted. Empty only if `api` is not configured. */
  readonly managerSecrets: readonly SecretSource[];
  /** `project`, `zone` and `region`: if undefined, they are read from the metadata server, see place.ts. */
  readonly project?: string;
  readonly zone?: string;
  readonly region?: string;
  /** `projects/P/locations/L/queues/Q`. Of several for `provision`, each owner of repositories has one; see model/queues.ts. */
  readonly queues: {readonly provision?: readonly string[]; readonly stop?: string};
  /** URLs of the functions, unchanged, because they are also the OIDC audiences. */
  readonly urls: {
    readonly provision?: string;
    readonly stop?: string;
    readonly sweep?: string;
    /** Where GitHub delivers: no audience of tokens, only compared with the App's webhook. */
    readonly webhook?: string;
    /** Where people and the set-up page find `api`. */
    readonly api?: string;
  };
  /** E-mail address in the OIDC tokens of Cloud Tasks and Cloud Scheduler. */
  readonly tasksServiceAccount?: string;
  /** `platform`: Cloud Run's IAM has verified the token and replaced its signature. Default `verify`. */
  readonly internalAuth: 'verify' | 'platform';
  /** The first key signs tasks; a signature with any of the keys is accepted. Empty: tasks are not signed, and `internalAuth` is `verify`. */
  readonly taskSigningKeys: readonly SecretSource[];
  readonly oidcJwksUrl: string;
  /** `emulatorHost`: `host:port`. */
  readonly firestore: {readonly database?: string; readonly emulatorHost?: string};
  readonly emulators: Emulators;
  readonly aws: AwsSettings;
  /** The queues' limit of attempts. A task that fails at this attempt becomes a dead letter. Default 20. */
  readonly taskMaxAttempts: number;
  /** Idle minutes of a persistent VM before it is stopped; may have fractions. Default 15. */
  readonly vmInactiveMinutes: number;
  /** Decides and logs everything, and changes nothing. */
  readonly dryRun: boolean;
  /** `off`: there is no webhook, and only the sweep finds jobs. */
  readonly webhooks: 'on' | 'off';
  /** Time from one sweep to the next: 10 to 60, or a multiple of 60 up to 3600. Default 60. */
  readonly sweepIntervalSeconds: number;
  /** Time budget of one sweep. Default 240. */
  readonly sweepBudgetSeconds: number;
  /** `*` or origins such as `https://example.com`. Default none. */
  readonly corsOrigins: readonly string[];
  readonly tracing: boolean;
  /** Variables that are set under the names of other systems. Each is logged as a WARNING at the start, see `warnOfOldNames`. */
  readonly oldNames: readonly OldName[];
  /** Default `info`. */
  readonly logLevel: 'debug' | 'info' | 'warning' | 'error';
}

/** The configuration of the functions that create tasks. */
export interface DispatchingConfig extends Config {
  readonly queues: {readonly provision: readonly string[]; readonly stop: string};
  readonly urls: Config['urls'] & {readonly provision: string; readonly stop: string};
  readonly tasksServiceAccount: string;
}

export interface SweepConfig extends DispatchingConfig {
  readonly urls: DispatchingConfig['urls'] & {readonly sweep: string};
}

export type ApiConfig = Config;

/** `Config` in which the fields that the function requires are present. */
export type ConfigFor<T extends FunctionName> = {
  webhook: DispatchingConfig;
  provision: DispatchingConfig;
  stop: DispatchingConfig;
  sweep: SweepConfig;
  api: ApiConfig;
}[T];
