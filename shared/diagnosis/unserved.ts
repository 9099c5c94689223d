import {asksForKnownLabel, foreignLabels, missingLabels, tellingLabels} from '../model/labels';
import {matchJob, takesRepository} from '../model/matching';
import type {Pool} from '../model/pool';
import type {Explanation} from './verdict';

/** Why no pool takes a job. */
export interface Unserved extends Pick<Explanation, 'because' | 'do'> {
  readonly verdict:
    | 'not_ours'
    | 'no_pool_matches'
    | 'repository_not_served'
    | 'public_repository'
    | 'option_not_allowed';
}

/** A job as the matching sees it. `isPublic`: null where nobody knows, which counts as private. */
export interface JobToServe {
  readonly repository: string;
  readonly labels: readonly string[];
  readonly isPublic: boolean | null;
}

/** Why no pool of the configuration takes the job; undefined: one does. */
export function unserved({repository, labels, isPublic}: JobToServe, pools: readonly Pool[]): Unserved | undefined {
  const asked = [...new Set(labels.map((label) => label.toLowerCase()))];
  const match = matchJob({repository, labels, isPublic: isPublic ?? false}, pools);
  if (match.kind === 'matched') return undefined;
  if (match.reason === 'public_repository') {
    const isAllowed = pools.some(({allowPublicRepos}) => allowPublicRepos);
    return {
      verdict: 'public_repository',
      because: match.detail,
      do: `Make ${repository} private, or set allowPublicRepos: true in a pool that makes a VM for each job${
        isAllowed ? ' and matches it' : ''
      }, after reading docs/security.md.`,
    };
  }
  if (match.reason === 'option_not_allowed') {
    return {
      verdict: 'option_not_allowed',
      because: match.detail,
      do: 'Change the label in runs-on, or allow it in options of the pool, and apply.',
    };
  }
  if (match.reason === 'labels') {
    return {
      verdict: asksForKnownLabel(asked, pools) ? 'no_pool_matches' : 'not_ours',
      because: match.detail,
      do: 'Correct the label in runs-on (does an expression there give nothing?), cancel the run, and run it again.',
    };
  }
  if (match.reason === 'no_labels') {
    return {
      verdict: 'not_ours',
      because: `the job asks for no label, and no pool of its organization accepts such jobs`,
      do: 'Add a label of a pool to runs-on, or set acceptsUnlabeled: true in a pool with org.',
    };
  }
  if (!asksForKnownLabel(asked, pools)) {
    return {
      verdict: 'not_ours',
      because: `no pool knows ${unknown(tellingLabels(asked, pools))}`,
      do: 'Nothing to do if the job is for other runners; else put the labels of a pool into runs-on.',
    };
  }
  const near = pools.filter((pool) => takesRepository(pool, repository));
  // A pool that takes the labels as they are is nearer than one that takes the repository.
  const fits = pools.some((pool) => missingLabels(pool, asked).length === 0 && foreignLabels(pool, asked).length === 0);
  return near.length === 0 || fits ? notServed(repository, asked, pools) : noMatch(repository, asked, near);
}

function notServed(repository: string, labels: readonly string[], pools: readonly Pool[]): Unserved {
  const pool = nearest(labels, pools);
  const serves = pool && describeScope(pool);
  return {
    verdict: 'repository_not_served',
    because: `no pool serves repository ${repository}${
      pool ? `: pool ${pool.name}, which is nearest by its labels, serves ${serves}` : ''
    }`,
    do: `${remedyOfNotServed(repository, pool)}, and apply.`,
  };
}

function remedyOfNotServed(repository: string, pool: Pool | undefined): string {
  if (!pool) return `Add ${repository} to the repos of a pool`;
  if (pool.scope.kind === 'organization')
    return `Add a pool for ${repository}: pool ${pool.name} is for an organization`;
  return `Add ${repository} to the repos of pool ${pool.name}, or take out what excludes it`;
}

function noMatch(repository: string, labels: readonly string[], near: readonly Pool[]): Unserved {
  const pool = nearest(labels, near);
  if (!pool) throw new RangeError('a nearest pool of none');
  const missing = missingLabels(pool, labels);
  const foreign = foreignLabels(pool, labels);
  const wrong = [
    ...(missing.length > 0 ? [`requires ${list(missing)}, which the job does not ask for`] : []),
    ...(foreign.length > 0 ? [`does not offer ${list(foreign)}`] : []),
  ];
  const remedies = [
    ...(missing.length > 0 ? [`add ${list(missing)} to runs-on`] : []),
    ...(foreign.length > 0 ? [`take ${list(foreign)} out of runs-on or add it to offers of the pool`] : []),
  ];
  const [first = '', ...rest] = remedies;
  return {
    verdict: 'no_pool_matches',
    because: `no pool of ${repository} takes the labels ${list(labels)}: the nearest is ${pool.name}, which ${wrong.join(' and ')}`,
    do: `${[first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(', and ')}.`,
  };
}

/** The pool with the fewest labels that are missing or too many; the first of several. */
function nearest(labels: readonly string[], pools: readonly Pool[]): Pool | undefined {
  const distance = (pool: Pool) => missingLabels(pool, labels).length + foreignLabels(pool, labels).length;
  return pools.reduce<Pool | undefined>(
    (best, pool) => (best && distance(best) <= distance(pool) ? best : pool),
    undefined,
  );
}

function describeScope({scope}: Pool): string {
  return scope.kind === 'organization' ? `organization ${scope.org}` : scope.patterns.join(', ');
}

/** What most runners have says nothing of whom a job is for, and a pool may know it. */
function unknown([first, ...more]: readonly string[]): string {
  if (first === undefined) return 'any label that the job asks for';
  return more.length === 0 ? `the label ${first}` : `any of the labels ${list([first, ...more])}`;
}

function list(labels: readonly string[]): string {
  return labels.length === 0 ? '(none)' : labels.join(', ');
}
