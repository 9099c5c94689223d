import type {core} from 'zod';
import type {Host} from '../model/host';
import {isEphemeralType, type OptionPolicy, type Pool, type PoolScope, type ProviderSettings} from '../model/pool';
import type {Here} from '../model/settings';
import {checkFallbacks} from './fallback-rules';
import {isRecord, meantPool, reportForm, withoutOwnKeys} from './form-mistakes';
import {checkHosts, readHosts} from './hosts';
import type {RawOptions} from './option-rules';
import {checkPool, checkTogether, texts} from './pool-rules';
import {
  DEFAULTS,
  type DISCOVERIES,
  flatSchema,
  providerSettings,
  type RawDefaults,
  type RawFlatPool,
  type RawPool,
  runnerConfigSchema,
} from './pool-schema';
import {standbyOf} from './standby-rules';
import {type Problems, present} from './variables';
import {expectedText, parseYaml, reportIssues} from './yaml';

const MAX_LENGTH = 20;

export interface UnnamedPool {
  readonly name?: string | undefined;
  readonly labels: readonly string[];
}

/**
 * A name for every pool: its own name, else a name made from its labels. A made name that is in use gets `-2`, `-3`, and so on. A pool's name
 * is part of the names of its VMs, and adding a pool before others with the same labels renames those pools; so pools should have own names.
 */
function namePools(pools: readonly UnnamedPool[]): string[] {
  const used = new Set(pools.flatMap(({name}) => (name ? [name] : [])));
  return pools.map((pool) => {
    if (pool.name) return pool.name;
    const base = slug(pool.labels);
    let name = cut(base, MAX_LENGTH);
    for (let n = 2; used.has(name); n++) name = `${cut(base, MAX_LENGTH - `-${n}`.length)}-${n}`;
    used.add(name);
    return name;
  });
}

/** `linux-arm64` for `[self-hosted, Linux, ARM64]`. `self-hosted` is left out if there are other labels, because most pools have it. */
function slug(labels: readonly string[]): string {
  const distinctive = labels.filter((label) => label.toLowerCase() !== 'self-hosted');
  const text = (distinctive.length > 0 ? distinctive : labels)
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (text === '') return 'pool';
  return /^[a-z]/.test(text) ? text : `pool-${text}`;
}

function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/-+$/, '');
}

/** What `namePools` needs of a pool that is not validated. */
function meantLabels(pool: unknown): UnnamedPool {
  const {name, requires, offers}: {name?: unknown; requires?: unknown; offers?: unknown} = isRecord(pool) ? pool : {};
  const labels = texts(requires)?.length ? requires : offers;
  return {labels: lowerCase(texts(labels) ?? []), name: typeof name === 'string' ? name : undefined};
}

/** Settings from the environment that apply if `RUNNER_CONFIG` does not set them. */
export interface PoolContext extends Here {
  readonly vmInactiveMinutes: number;
  /** Hard limit of runners over all pools. */
  readonly maxRunners?: number;
  readonly jobMinutes?: number;
}

/** Where the sweep looks for jobs. */
export type DiscoverySource = (typeof DISCOVERIES)[number];

export interface RunnerConfig {
  readonly pools: readonly Pool[];
  readonly hosts: readonly Host[];
  readonly discovery?: DiscoverySource;
  /** Hard limit of runners over all pools that create VMs. */
  readonly maxRunners?: number;
  /** USD an hour by machine type or `<type>/spot`. */
  readonly prices?: Readonly<Record<string, number>>;
  /** Types of the providers that pools name, also of pools with errors: what they need elsewhere is reported with those errors. */
  readonly providerTypes: ReadonlySet<unknown>;
}

/**
 * Parses `RUNNER_CONFIG`: YAML or JSON, `{discovery?, defaults?, maxRunners?, hosts?, prices?, pools}` or the older flat list. Reports every error to `problems`
 * under `root`, the variable that holds the text; the returned list of pools is then empty.
 */
export function parseRunnerConfig(text: string, root: string, context: PoolContext, problems: Problems): RunnerConfig {
  const before = problems.count;
  const parsed = parseYaml(text, root, problems);
  if (parsed.kind === 'invalid') return NOTHING;
  const value = withoutOwnKeys(parsed.value);
  if (reportForm(value, root, problems)) return NOTHING;
  const providerTypes = typesIn(value);
  const config = Array.isArray(value) ? readFlat(value, root, problems) : readPools(value, root, context, problems);
  if (!config || problems.count !== before) return {...NOTHING, providerTypes};
  const maxRunners = config.maxRunners ?? context.maxRunners;
  const {discovery, prices} = config;
  const hosts = config.hosts ?? [];
  const pools = normalise(config, {...context, hosts});
  return present({discovery, maxRunners, prices, hosts, pools, providerTypes});
}

/** What is left of a text that cannot be read. */
export const NOTHING: RunnerConfig = {pools: [], hosts: [], providerTypes: new Set()};

/** Of a value of whatever shape. */
function typesIn(value: unknown): ReadonlySet<unknown> {
  const pools = isRecord(value) && Array.isArray(value['pools']) ? value['pools'] : [];
  const providers = pools.map((pool: unknown) => (isRecord(pool) ? pool['provider'] : undefined));
  return new Set(providers.map((provider) => (isRecord(provider) ? provider['type'] : undefined)));
}

interface RawConfig {
  readonly hosts?: readonly Host[] | undefined;
  readonly discovery?: DiscoverySource | undefined;
  readonly defaults?: RawDefaults | undefined;
  readonly maxRunners?: number | undefined;
  readonly prices?: Readonly<Record<string, number>> | undefined;
  readonly pools: readonly RawPool[];
}

interface Schema<T> {
  safeParse(
    value: unknown,
    params: {error: core.$ZodErrorMap; jitless: boolean},
  ): {data?: T; error?: {issues: core.$ZodIssue[]}};
}

/** Validates `value` and reports the issues. `isReported`: whether a more helpful message about the path was reported before. */
function validate<T>(
  schema: Schema<T>,
  value: unknown,
  root: string,
  problems: Problems,
  isReported: (path: readonly PropertyKey[]) => boolean = () => false,
): T | undefined {
  // The configuration is read once: compiling a parser for it would take longer than parsing.
  const result = schema.safeParse(value, {error: expectedText, jitless: true});
  const issues = result.error?.issues.filter(({path}) => !isReported(path)) ?? [];
  reportIssues(issues, value, root, problems);
  return result.data;
}

function readPools(value: unknown, root: string, context: PoolContext, problems: Problems): RawConfig | undefined {
  if (typeof value !== 'object' || value === null) {
    problems.report(root, problems.describe(value), 'an object with pools');
    return undefined;
  }
  const given: {pools?: unknown; defaults?: unknown; maxRunners?: unknown; hosts?: unknown} = value;
  if (!Array.isArray(given.pools)) {
    validate(runnerConfigSchema, value, root, problems);
    return undefined;
  }
  const meant = given.pools.map((pool, index) => meantPool(pool, `${root}.pools[${index}]`, problems));
  const pools = meant.map((one) => (one.kind === 'pool' ? one.pool : undefined));
  const isReported = ([key, index]: readonly PropertyKey[]) =>
    key === 'pools' && typeof index === 'number' && meant[index]?.kind === 'unreadable';
  const valid = validate(runnerConfigSchema, {...value, pools}, root, problems, isReported);
  const hosts = readHosts(given.hosts);
  checkHosts(given.hosts, given.pools, root, problems);
  const {jobMinutes} = context;
  const defaults = {...present({jobMinutes}), ...(isRecord(given.defaults) ? given.defaults : {})};
  const above = {defaults, maxRunners: given.maxRunners ?? context.maxRunners, here: {...context, hosts}};
  pools.forEach((pool, index) => {
    checkPool(pool, above, `${root}.pools[${index}]`, problems);
  });
  checkTogether(pools, root, problems);
  checkFallbacks(pools, defaults, namePools(pools.map(meantLabels)), root, problems);
  return valid && {...valid, hosts};
}

function readFlat(value: unknown, root: string, problems: Problems): RawConfig | undefined {
  const flat: readonly RawFlatPool[] | undefined = validate(flatSchema, value, root, problems);
  return (
    flat && {
      pools: flat.map((entry) => ({
        repo: entry.repo,
        requires: entry.labels,
        provider: {type: 'gce-vm', instance: entry.vm_instance_name, zone: entry.vm_instance_zone},
      })),
    }
  );
}

function normalise({defaults = {}, pools}: RawConfig, context: PoolContext): Pool[] {
  const names = namePools(
    pools.map(({name, requires, offers}) => ({name, labels: lowerCase((requires?.length ? requires : offers) ?? [])})),
  );
  return pools.map((raw, index): Pool => {
    const settings = {...DEFAULTS, ...present({jobMinutes: context.jobMinutes}), ...present(defaults), ...present(raw)};
    const {runnerGroup, maxRunners, minIdle, bootMinutes, jobMinutes, allowPublicRepos, rerunOnPreemption, priority} =
      settings;
    const provider: ProviderSettings = providerSettings(raw.provider, context);
    const idleDefault = isEphemeralType(raw.provider.type) ? DEFAULTS.idleMinutes : context.vmInactiveMinutes;
    return {
      name: names[index] ?? '',
      scope: scopeOf(raw),
      requires: lowerCase(raw.requires ?? []),
      offers: raw.offers ? lowerCase(raw.offers) : null,
      acceptsUnlabeled: raw.acceptsUnlabeled ?? false,
      runnerGroup,
      maxRunners: Math.min(maxRunners, provider.mostMachines ?? maxRunners),
      minIdle:
        typeof minIdle === 'number' ? minIdle : minIdle.map((entry) => ({...entry, timezone: entry.timezone ?? 'UTC'})),
      ...(raw.standby ? {standby: standbyOf(raw.standby)} : {}),
      bootMinutes,
      idleMinutes: raw.idleMinutes ?? defaults.idleMinutes ?? idleDefault,
      jobMinutes,
      allowPublicRepos,
      rerunOnPreemption,
      priority,
      ...(raw.options ? {options: optionsOf(raw.options)} : {}),
      ...(raw.fallback === undefined ? {} : {fallback: raw.fallback}),
      provider,
    };
  });
}

function optionsOf({memory, ...options}: RawOptions): OptionPolicy {
  return present({...options, memory: memory === undefined ? undefined : String(memory)});
}

function scopeOf({repo, repos, org}: RawPool): PoolScope {
  return org === undefined ? {kind: 'repositories', patterns: repos ?? [repo ?? '']} : {kind: 'organization', org};
}

function lowerCase(labels: readonly string[]): string[] {
  return [...new Set(labels.map((label) => label.toLowerCase()))];
}
