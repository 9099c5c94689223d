import * as z from 'zod';
import type {Standby} from '../model/pool';
import {isRecord} from './form-mistakes';
import type {Problems} from './variables';

type Raw = Readonly<Record<string, unknown>>;

const EXPECTED =
  'either {stopped: n} or {suspended: n}, where n is a whole number or a list of {cron, timezone, count}';

/** The schema of `standby`. `count`: of a number of machines, or of schedules. */
export function standbySchema<Count extends z.ZodType>(count: Count) {
  return z
    .strictObject({stopped: count.optional(), suspended: count.optional()}, {error: EXPECTED})
    .refine(({stopped, suspended}) => (stopped === undefined) !== (suspended === undefined), {error: EXPECTED})
    .meta({
      description:
        'gce: machines created ahead of their jobs, held stopped or suspended; a number, or a schedule of them.',
      oneOf: [{required: ['stopped']}, {required: ['suspended']}],
    });
}

type RawCount =
  | number
  | readonly {readonly cron: string; readonly timezone?: string | undefined; readonly count: number}[];

/** `standby` as it was read, with every default filled in. */
export function standbyOf({
  stopped,
  suspended,
}: {
  readonly stopped?: RawCount | undefined;
  readonly suspended?: RawCount | undefined;
}): Standby {
  const [hold, given = 0] =
    suspended === undefined ? (['stopped', stopped] as const) : (['suspended', suspended] as const);
  if (typeof given === 'number') return {hold, count: given};
  return {hold, count: given.map((entry) => ({...entry, timezone: entry.timezone ?? 'UTC'}))};
}

/** What the rest of the pool says about its standby machines. */
export interface StandbyPool {
  /** The pool's limit, not validated. */
  readonly maxRunners: unknown;
  /** The limit over all pools, not validated. */
  readonly limit: unknown;
  readonly hasOneScope: boolean;
  /** Whether a runner that no job asked for would have a label. */
  readonly hasLabel: boolean;
}

/** Checks rules that concern `standby` and other fields of the pool. The schema reports fields of a wrong type, which are ignored here. */
export function checkStandby(pool: Raw, given: StandbyPool, path: string, problems: Problems): void {
  const {standby, provider} = pool;
  if (!isRecord(standby)) return;
  const holds = (['stopped', 'suspended'] as const).filter((hold) => standby[hold] !== undefined);
  const [hold] = holds;
  if (!hold || holds.length > 1) return;
  const type = isRecord(provider) ? provider['type'] : undefined;
  if (typeof type === 'string' && type !== 'gce') {
    const expected = 'no standby: only pools of type gce have standby machines';
    problems.report(`${path}.standby`, `standby in a pool of type ${problems.describe(type)}`, expected);
    return;
  }
  const counts = countsOf(standby[hold], `${path}.standby.${hold}`);
  const most = Math.max(0, ...counts.map(({count}) => count));
  if (most === 0 || given.maxRunners === 0 || given.limit === 0) return;
  for (const {count, at} of counts) checkCount(count, at, given, problems);
  const found = Array.isArray(standby[hold]) ? `a schedule of up to ${most}` : String(most);
  if (!given.hasOneScope) {
    const expected = 'org, repo, or exactly one repository in repos without *: standby machines serve one place';
    problems.report(`${path}.standby`, `${found} in a pool without one place for its runners`, expected);
  }
  if (!given.hasLabel) {
    const expected = 'a label without * in requires, or offers without *';
    problems.report(`${path}.standby`, `${found} in a pool that names no label without *`, expected);
  }
  if (hold === 'suspended' && isRecord(provider) && provider['spot'] === 'only') {
    const expected = 'stopped in place of suspended, or spot: never or prefer: Compute Engine suspends no spot VM';
    problems.report(`${path}.standby`, 'suspended with spot: only', expected);
  }
}

function countsOf(value: unknown, at: string): {readonly count: number; readonly at: string}[] {
  if (typeof value === 'number') return [{count: value, at}];
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry, index) => {
    const count = isRecord(entry) ? entry['count'] : undefined;
    return typeof count === 'number' ? [{count, at: `${at}[${index}].count`}] : [];
  });
}

function checkCount(count: number, at: string, {maxRunners, limit}: StandbyPool, problems: Problems): void {
  if (typeof maxRunners === 'number' && count > maxRunners) {
    problems.report(at, String(count), `no more than maxRunners, which is ${maxRunners}`);
  } else if (typeof limit === 'number' && count > limit) {
    problems.report(at, String(count), `no more than maxRunners of all pools, which is ${limit}`);
  }
}
