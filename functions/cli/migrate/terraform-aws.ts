import * as z from 'zod';
import {DEFAULTS} from '../../../shared/config/pool-schema';
import {isCron} from '../../../shared/model/warm';
import {reading} from './reading';
import {TERRAFORM_AWS_FIELDS} from './terraform-aws-fields';
import {
  type Context,
  expectForm,
  machinesOf,
  poolName,
  type Schedule,
  scopeOf,
  type TranslatedPool,
  type Translator,
} from './translation';

const Matcher = z.looseObject({
  labelMatchers: z.array(z.array(z.string())).min(1),
  exactMatch: z.boolean().nullish(),
  bidirectionalLabelMatch: z.boolean().nullish(),
  priority: z.number().nullish(),
  enableDynamicLabels: z.boolean().nullish(),
});
const Runner = z.looseObject({
  runner_os: z.string().nullish(),
  runner_architecture: z.string().nullish(),
  runners_maximum_count: z.number().nullish(),
  runner_group_name: z.string().nullish(),
  enable_organization_runners: z.boolean().nullish(),
  enable_ephemeral_runners: z.boolean().nullish(),
  instance_types: z.array(z.string()).nullish(),
  instance_target_capacity_type: z.string().nullish(),
  enable_on_demand_failover_for_errors: z.array(z.string()).nullish(),
  runner_boot_time_in_minutes: z.number().nullish(),
  minimum_running_time_in_minutes: z.number().nullish(),
  runner_extra_labels: z.union([z.string(), z.array(z.string())]).nullish(),
  idle_config: z
    .array(z.looseObject({cron: z.string(), timeZone: z.string().optional(), idleCount: z.number()}))
    .nullish(),
  pool_config: z.array(z.looseObject({schedule_expression: z.string(), size: z.number()})).nullish(),
});
/** One entry of `multi_runner_config`, or a file of the example's `runner-configs`. */
const Entry = z.looseObject({matcherConfig: Matcher, runner_config: Runner.optional()});
const Entries = z.record(z.string(), Entry);
type Entry = z.infer<typeof Entry>;
type Runner = z.infer<typeof Runner>;

const FORM = 'multi_runner_config as YAML or JSON: {name: {matcherConfig: {labelMatchers: [[…]]}, runner_config: {…}}}';
/** The priority of an entry without one, there. */
const LAST = 999;

/**
 * The multi-runner module. There, the entries with `exactMatch` are asked first, then those with the lowest `priority`; here the highest
 * wins. A list of `labelMatchers` is what the runner has: with `exactMatch` the job may ask for nothing else (`offers`), with
 * `bidirectionalLabelMatch` it asks for all of it, too (`requires`). Without both, one common label is enough there, and the runner that
 * appears can take only jobs that ask for nothing else: again `offers`.
 * @see https://github.com/github-aws-runners/terraform-aws-github-runner/blob/main/lambdas/functions/webhook/src/runners/dispatch.ts
 */
export const fromTerraformAws: Translator = (given, context) => {
  const entries = Object.entries(expectForm(Entries, namedEntries(given), FORM));
  const isExact = ({matcherConfig}: Entry) => matcherConfig.exactMatch === true;
  const order = ([, a]: [string, Entry], [, b]: [string, Entry]) =>
    Number(isExact(b)) - Number(isExact(a)) || (a.matcherConfig.priority ?? LAST) - (b.matcherConfig.priority ?? LAST);
  const sorted = entries.toSorted(order);
  const taken = new Set<string>();
  const pools = sorted.flatMap(([name, entry], index) => {
    const {fields, unread} = reading(entry);
    const lists = fields.matcherConfig.labelMatchers;
    const made = lists.map((labels) => ({
      pool: poolOf(name, fields, labels, sorted.length - index, context, taken),
      remarks: [...remarksOf(name, fields, lists.length), ...machinesFor(fields.runner_config ?? {}, context).remarks],
    }));
    const left = unread(TERRAFORM_AWS_FIELDS);
    return made.map(({pool, remarks}) => ({pool, remarks: [...remarks, ...left]}));
  });
  return {
    pools,
    remarks: [
      'The machines are new: make a template for each name below (runner_templates in Terraform), with an image like your AMI.',
      'repository_white_list, where you use it, is repos in place of org.',
    ],
  };
};

/** One entry, a map of them, or, from a file of several documents, a list of both. */
function namedEntries(given: unknown): unknown {
  const isEntry = (one: unknown) => typeof one === 'object' && one !== null && 'matcherConfig' in one;
  if (isEntry(given)) return {runner: given};
  if (!Array.isArray(given)) return given;
  return Object.assign({}, ...given.map((one, index) => (isEntry(one) ? {[`runner-${index + 1}`]: one} : one)));
}

function poolOf(
  name: string,
  {matcherConfig, runner_config: runner = {}}: Entry,
  labels: readonly string[],
  priority: number,
  context: Context,
  taken: Set<string>,
): TranslatedPool {
  const {minimum_running_time_in_minutes: idle} = runner;
  const boot = runner.runner_boot_time_in_minutes;
  const group = runner.runner_group_name;
  return {
    name: poolName(name, taken),
    ...scopeOf(context),
    ...(matcherConfig.bidirectionalLabelMatch ? {requires: labels} : {}),
    offers: offersOf(matcherConfig, runner, labels),
    ...(group ? {runnerGroup: group} : {}),
    ...limitOf(runner),
    ...idleOf(runner),
    ...(boot ? {bootMinutes: boot} : {}),
    ...(idle ? {idleMinutes: idle} : {}),
    priority,
    provider: {...machinesFor(runner, context).provider, spot: spotOf(runner)},
  };
}

/** Runners there have the extra labels too; only a matcher that is not exact lets a job ask for them. */
function offersOf(matcher: z.infer<typeof Matcher>, runner: Runner, labels: readonly string[]): readonly string[] {
  const extra = [runner.runner_extra_labels ?? []].flat().flatMap((label) => label.split(','));
  if (matcher.exactMatch || matcher.bidirectionalLabelMatch) return labels;
  return [...new Set([...labels, ...extra.map((label) => label.trim()).filter(Boolean)])];
}

/** `idle_config` as a schedule of `minIdle`. Its cron expressions have a field for seconds, the first of six. */
function idleOf(runner: Runner): {minIdle?: readonly Schedule[]} {
  const schedules = (runner.idle_config ?? []).map(({cron, timeZone, idleCount}) => ({
    cron: cron.trim().split(/\s+/).slice(-5).join(' '),
    ...(timeZone ? {timezone: timeZone} : {}),
    count: idleCount,
  }));
  const isKnown = schedules.length > 0 && schedules.every(({cron}) => isCron(cron));
  return isKnown ? {minIdle: schedules} : {};
}

/** -1 is no limit there. The default must not be below what is kept warm. */
function limitOf(runner: Runner): {maxRunners?: number} {
  const most = runner.runners_maximum_count ?? -1;
  if (most >= 0) return {maxRunners: most};
  const idle = Math.max(0, ...(idleOf(runner).minIdle ?? []).map(({count}) => count));
  return idle > DEFAULTS.maxRunners ? {maxRunners: idle} : {};
}

function machinesFor(runner: Runner, context: Context): ReturnType<typeof machinesOf> {
  return machinesOf(context, {
    isArm: runner.runner_architecture === 'arm64',
    isWindows: runner.runner_os === 'windows',
  });
}

/** Spot is the default there. */
function spotOf(runner: Runner): 'never' | 'prefer' | 'only' {
  if (runner.instance_target_capacity_type === 'on-demand') return 'never';
  return runner.enable_on_demand_failover_for_errors?.length ? 'prefer' : 'only';
}

function remarksOf(name: string, {matcherConfig, runner_config: runner = {}}: Entry, lists: number): string[] {
  const {exactMatch, bidirectionalLabelMatch} = matcherConfig;
  const types = runner.instance_types ?? [];
  return [
    `${name}${types.length > 0 ? `, there on ${types.join(', ')}` : ''}`,
    ...(exactMatch || bidirectionalLabelMatch
      ? []
      : [
          'There, one common label was enough for a runner. A job that asks for another label, too, could not run on it, and gets none here.',
        ]),
    ...(lists > 1
      ? ['One pool for each list of labels. maxRunners held for all of them together, and holds for each of them now.']
      : []),
    ...(runner.runners_maximum_count === -1
      ? [`There was no limit; left out, maxRunners is ${DEFAULTS.maxRunners}.`]
      : []),
    ...(runner.enable_ephemeral_runners !== true
      ? ['These runners were not ephemeral: files that a job leaves on the disk are not there for the next one.']
      : []),
    ...(runner.enable_organization_runners === true
      ? []
      : ['These runners were registered in single repositories: repos in place of org keeps it so.']),
    ...(idleOf(runner).minIdle
      ? []
      : (runner.idle_config ?? []).map(
          ({cron, idleCount}) => `minIdle: ${idleCount} at ${cron} (a schedule of minIdle)`,
        )),
    ...(runner.pool_config ?? []).map(
      ({schedule_expression: cron, size}) => `minIdle: ${size} from ${cron} (a schedule of minIdle)`,
    ),
    ...(matcherConfig.enableDynamicLabels
      ? [
          'Labels ghr-… of a job: write machine=, disk= and spot= in place of them, and list what is allowed in options.',
        ]
      : []),
    ...(runner.runner_os === 'osx' ? ['macOS: a pool of type codemagic (docs/macos.md) in place of gce.'] : []),
  ];
}
