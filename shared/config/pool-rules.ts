import {foreignLabels, isLabelPattern, labelsWithoutJob} from '../model/labels';
import {takesRepository} from '../model/matching';
import {isSpeltOut} from '../model/names';
import {isEphemeralType, type Pool} from '../model/pool';
import type {Here} from '../model/settings';
import {isRecord} from './form-mistakes';
import {checkProvider, DEFAULTS} from './pool-schema';
import {checkStandby} from './standby-rules';
import type {Problems} from './variables';

type Raw = Readonly<Record<string, unknown>>;

/** Settings outside of the pools that apply to each pool, not validated. */
export interface SharedSettings {
  readonly defaults: unknown;
  /** The limit over all pools. */
  readonly maxRunners: unknown;
  /** What the environment says for every pool. */
  readonly here: Here;
}

/**
 * Checks rules that concern several fields of one pool. `pool` is not validated, so that these errors are reported together with those of
 * single fields. The schema reports fields of a wrong type, which are ignored here.
 */
export function checkPool(pool: unknown, above: SharedSettings, path: string, problems: Problems): void {
  if (!isRecord(pool)) return;
  const defaults = isRecord(above.defaults) ? above.defaults : {};
  checkScope(pool, path, problems);
  checkGroup(pool, defaults, path, problems);
  checkLabels(pool, path, problems);
  checkIdle(pool, defaults, above.maxRunners, path, problems);
  const standby = {
    maxRunners: pool['maxRunners'] ?? defaults['maxRunners'] ?? DEFAULTS.maxRunners,
    limit: above.maxRunners,
    hasOneScope: hasOneScope(pool),
    hasLabel: !hasLists(pool) || labelsWithoutJob(lists(pool)).length > 0,
  };
  checkStandby(pool, standby, path, problems);
  const settings = {...DEFAULTS, ...defaults, ...pool};
  if (isRecord(pool['provider'])) checkProvider(settings, pool['provider'], path, problems, above.here);
}

/** Checks rules that concern several pools. Pools of one name would share slots and VM names; only one pool of an organisation may accept jobs without labels. */
export function checkTogether(pools: readonly unknown[], root: string, problems: Problems): void {
  const names = new Map<string, number>();
  const organisations = new Map<string, number>();
  pools.forEach((pool, index) => {
    if (!isRecord(pool)) return;
    const {name, org, acceptsUnlabeled} = pool;
    const named = typeof name === 'string' ? firstIndexOf(names, name, index) : index;
    if (named !== index) {
      const found = `${problems.describe(name)}, the name of pools[${named}] too`;
      problems.report(`${root}.pools[${index}].name`, found, `different names for pools[${named}] and pools[${index}]`);
    }
    if (acceptsUnlabeled !== true || typeof org !== 'string') return;
    const accepting = firstIndexOf(organisations, org.toLowerCase(), index);
    if (accepting !== index) {
      const found = `true, and in pools[${accepting}] of ${problems.mask(org)} too`;
      problems.report(`${root}.pools[${index}].acceptsUnlabeled`, found, 'true in at most one pool of an organisation');
    }
  });
}

/** The index at which the key was first seen; records `index` if the key is new. */
function firstIndexOf(seen: Map<string, number>, key: string, index: number): number {
  const first = seen.get(key) ?? index;
  seen.set(key, first);
  return first;
}

function checkScope(pool: Raw, path: string, problems: Problems): void {
  const given = ['repo', 'repos', 'org'].filter((key) => pool[key] !== undefined);
  if (given.length !== 1) {
    problems.report(path, given.join(' and ') || 'none of repo, repos and org', 'exactly one of repo, repos and org');
  }
  const patterns = texts(pool['repos']);
  if (patterns?.every((pattern) => pattern.startsWith('!'))) {
    const found = patterns.length === 0 ? 'an empty list' : 'only excluded repositories';
    problems.report(`${path}.repos`, found, 'at least one owner/name without a leading !');
  } else if (patterns && !patterns.some((pattern) => takesRepository(asScope(patterns), pattern))) {
    // An exclusion that matches the text of a pattern, including its *, excludes everything that the pattern matches.
    const expected = 'at least one owner/name that no text with a leading ! excludes';
    problems.report(`${path}.repos`, 'a list that excludes each of its own repositories', expected);
  }
  if (pool['acceptsUnlabeled'] === true && pool['org'] === undefined) {
    const expected = 'org in place of repo and repos: a job without labels goes to the runners of an organisation';
    problems.report(`${path}.acceptsUnlabeled`, 'true in a pool without org', expected);
  }
}

function asScope(patterns: readonly string[]): Pick<Pool, 'scope'> {
  return {scope: {kind: 'repositories', patterns}};
}

/** A repository has only one runner group; GitHub refuses to register its runners in another one. */
function checkGroup(pool: Raw, defaults: Raw, path: string, problems: Problems): void {
  const group = pool['runnerGroup'] ?? defaults['runnerGroup'];
  const type = isRecord(pool['provider']) ? pool['provider']['type'] : undefined;
  const registersRunners = typeof type === 'string' && isEphemeralType(type);
  if (!registersRunners || pool['org'] !== undefined || typeof group !== 'string' || !/\S/.test(group)) return;
  if (group.toLowerCase() === DEFAULTS.runnerGroup.toLowerCase()) return;
  const where = pool['runnerGroup'] === undefined ? ', from defaults' : '';
  const expected = 'Default, the only group of a repository; or org in place of repo and repos';
  problems.report(`${path}.runnerGroup`, `${problems.describe(group)}${where}`, expected);
}

function checkLabels(pool: Raw, path: string, problems: Problems): void {
  if (isAbsentOrEmpty(pool['requires']) && isAbsentOrEmpty(pool['offers'])) {
    problems.report(path, 'neither requires nor offers with a label', 'labels in requires, in offers or in both');
    return;
  }
  const {requires, offers} = lists(pool);
  if (offers === null) return;
  requires.forEach((label, index) => {
    if (isLabelPattern(label) || foreignLabels({requires, offers}, [label]).length === 0) return;
    const expected = 'a label that offers has too: a job that asks for it would ask for more than is offered';
    problems.report(`${path}.requires[${index}]`, problems.describe(texts(pool['requires'])?.[index]), expected);
  });
}

/** A warm runner needs a scope for its registration, labels that jobs ask for, and a slot. */
function checkIdle(pool: Raw, defaults: Raw, limit: unknown, path: string, problems: Problems): void {
  const max = pool['maxRunners'] ?? defaults['maxRunners'] ?? DEFAULTS.maxRunners;
  const isOwn = pool['minIdle'] !== undefined;
  const idle = pool['minIdle'] ?? defaults['minIdle'];
  const counts = Array.isArray(idle) ? idle.map((entry) => (isRecord(entry) ? entry['count'] : undefined)) : [idle];
  const most = Math.max(0, ...counts.filter((count) => typeof count === 'number'));
  const provider = isRecord(pool['provider']) ? pool['provider']['type'] : undefined;
  // `minIdle` in defaults does not apply to persistent VMs, which exist already. A pool with the limit 0 keeps no warm runners.
  if (most === 0 || max === 0 || limit === 0 || (provider === 'gce-vm' && !isOwn)) return;

  counts.forEach((count, index) => {
    if (typeof count !== 'number') return;
    const at = `${path}.${Array.isArray(idle) ? `minIdle[${index}].count` : 'minIdle'}`;
    if (typeof max === 'number' && count > max) {
      problems.report(at, String(count), `no more than maxRunners, which is ${max}`);
    } else if (typeof limit === 'number' && count > limit) {
      problems.report(at, String(count), `no more than maxRunners of all pools, which is ${limit}`);
    }
  });
  const found = Array.isArray(idle) ? `a schedule of up to ${most}` : String(most);
  if (provider === 'gce-vm') {
    problems.report(`${path}.minIdle`, found, 'no minIdle in a pool of type gce-vm: its VM is started for jobs alone');
    return;
  }
  if (!hasOneScope(pool)) {
    const expected = 'org, repo, or exactly one repository in repos without *: where else would such a runner go?';
    problems.report(`${path}.minIdle`, `${found} in a pool without one place for its runners`, expected);
  }
  if (hasLists(pool) && labelsWithoutJob(lists(pool)).length === 0) {
    const expected =
      'a label without * in requires, or offers without *: with what else would such a runner be registered?';
    problems.report(`${path}.minIdle`, `${found} in a pool that names no label without *`, expected);
  }
}

/** Whether a runner without a job has exactly one possible scope: the organisation, or the only repository without `*`. */
function hasOneScope(pool: Raw): boolean {
  if (!Array.isArray(pool['repos'])) return true;
  return texts(pool['repos'])?.filter(isSpeltOut).length === 1;
}

function hasLists(pool: Raw): boolean {
  return !(isAbsentOrEmpty(pool['requires']) && isAbsentOrEmpty(pool['offers']));
}

/** `requires` and `offers` in lower case; a value that is no list of texts counts as absent. */
function lists(pool: Raw): {requires: readonly string[]; offers: readonly string[] | null} {
  const lower = (value: unknown) => texts(value)?.map((label) => label.toLowerCase());
  return {requires: lower(pool['requires']) ?? [], offers: lower(pool['offers']) ?? null};
}

function isAbsentOrEmpty(list: unknown): boolean {
  return list === undefined || (Array.isArray(list) && list.length === 0);
}

export function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
