import {takesRepository} from '../model/matching';
import {SHORT_NAME} from '../model/names';
import {isEphemeralType, type PoolScope} from '../model/pool';
import {isRecord} from './form-mistakes';
import {texts} from './pool-rules';
import {DEFAULTS} from './pool-schema';
import type {Problems} from './variables';

type Raw = Readonly<Record<string, unknown>>;

/**
 * Reports a `fallback` that cannot serve the jobs of its pool: the pool itself, an unknown one, one of another scope or runner group, one that
 * makes no machines, or a circle. `pools` and `defaults` are not validated; a field of a wrong type is the schema's to report. `names`: of the
 * pools, made ones too.
 */
export function checkFallbacks(
  pools: readonly unknown[],
  defaults: Raw,
  names: readonly string[],
  root: string,
  problems: Problems,
): void {
  pools.forEach((pool, index) => {
    if (!isRecord(pool) || typeof pool['fallback'] !== 'string' || !SHORT_NAME.test(pool['fallback'])) return;
    const {fallback} = pool;
    const path = `${root}.pools[${index}].fallback`;
    const other = pools[names.indexOf(fallback)];
    const report = (expected: string, found = problems.describe(fallback)) => problems.report(path, found, expected);
    if (fallback === names[index]) report('another pool: a pool cannot serve what it has no capacity for');
    else if (!names.includes(fallback)) {
      const known = [...new Set(names.map((name) => problems.mask(name)))];
      report(`the name of one of the pools: ${known.join(', ')}`);
    } else if (makesNone(pool)) report('no fallback in a pool of type gce-vm: its VM alone serves its jobs');
    else if (isRecord(other)) {
      const circle = circleFrom(pools, names, index);
      if (makesNone(other)) report('a pool that makes a machine for each job, and not one of type gce-vm');
      else if (circle) report('a chain of pools that ends', `a circle: ${circle.join(' to ')}`);
      else if (!covers(other, pool)) report('a pool of the same scope: its org, or repos with all of its repositories');
      else checkGroups(pool, other, defaults, report);
    }
  });
}

/**
 * Reports a fallback in another runner group. A job whose `runs-on` names its group, or whose repository the other group does not admit, never gets a
 * runner of that group, and no event tells of either: the runner would be made in vain. Allowed is a group that keeps public repositories
 * away from a fallback that serves none, unless the pool takes jobs without labels, which name their group.
 */
function checkGroups(pool: Raw, other: Raw, defaults: Raw, report: (expected: string, found: string) => void): void {
  const [ours, theirs] = [groupOf(pool, defaults), groupOf(other, defaults)];
  if (ours === undefined || theirs === undefined || ours.toLowerCase() === theirs.toLowerCase()) return;
  const isPublic = (one: Raw) => (one['allowPublicRepos'] ?? defaults['allowPublicRepos']) === true;
  if (isPublic(pool) && !isPublic(other) && pool['acceptsUnlabeled'] !== true) return;
  report(
    'a pool of the same runnerGroup: GitHub may not give the job to a runner of another group',
    `a pool of the runner group "${theirs}", and the jobs of this pool go to "${ours}"`,
  );
}

function groupOf({runnerGroup}: Raw, defaults: Raw): string | undefined {
  const group = runnerGroup ?? defaults['runnerGroup'] ?? DEFAULTS.runnerGroup;
  return typeof group === 'string' ? group : undefined;
}

function makesNone({provider}: Raw): boolean {
  const type = isRecord(provider) ? provider['type'] : undefined;
  return typeof type === 'string' && !isEphemeralType(type);
}

/** The names of the pools from this one back to it; undefined: the chain ends, or runs into a circle of others. */
function circleFrom(pools: readonly unknown[], names: readonly string[], index: number): string[] | undefined {
  const way = [names[index] ?? ''];
  for (let next = pools[index]; isRecord(next) && typeof next['fallback'] === 'string'; ) {
    const name = next['fallback'];
    way.push(name);
    if (name === way[0]) return way;
    if (way.indexOf(name) < way.length - 1) return undefined;
    next = pools[names.indexOf(name)];
  }
  return undefined;
}

/** Whether the other pool registers its runners where the pool does, and serves all of its repositories. */
function covers(other: Raw, pool: Raw): boolean {
  const theirs = scopeOf(other);
  const ours = scopeOf(pool);
  if (!theirs || !ours) return true;
  if (theirs.kind === 'organization' || ours.kind === 'organization') {
    return (
      theirs.kind === 'organization' &&
      ours.kind === 'organization' &&
      theirs.org.toLowerCase() === ours.org.toLowerCase()
    );
  }
  const served = ours.patterns.filter((pattern) => !pattern.startsWith('!'));
  return served.every((pattern) => takesRepository({scope: theirs}, pattern));
}

/** Undefined: not of the right shape. */
function scopeOf({org, repo, repos}: Raw): PoolScope | undefined {
  if (typeof org === 'string') return {kind: 'organization', org};
  const patterns = texts(repos) ?? (typeof repo === 'string' ? [repo] : undefined);
  return patterns && {kind: 'repositories', patterns};
}
