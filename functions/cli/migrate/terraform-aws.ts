import * as z from 'zod';
import {
  type Context,
  expectForm,
  poolName,
  scopeOf,
  type TranslatedPool,
  type Translator,
  templateOf,
  WINDOWS,
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
  idle_config: z.array(z.looseObject({cron: z.string(), idleCount: z.number()})).nullish(),
  pool_config: z.array(z.looseObject({schedule_expression: z.string(), size: z.number()})).nullish(),
});
/** One entry of `multi_runner_config`, or a file of the example's `runner-configs`. */
const Entry = z.looseObject({matcherConfig: Matcher, runner_config: Runner.optional()});
const Entries = z.record(z.string(), Entry);
type Entry = z.infer<typeof Entry>;

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
  const isOne = typeof given === 'object' && given !== null && 'matcherConfig' in given;
  const entries = Object.entries(expectForm(Entries, isOne ? {runner: given} : given, FORM));
  const isExact = ({matcherConfig}: Entry) => matcherConfig.exactMatch === true;
  const order = ([, a]: [string, Entry], [, b]: [string, Entry]) =>
    Number(isExact(b)) - Number(isExact(a)) || (a.matcherConfig.priority ?? LAST) - (b.matcherConfig.priority ?? LAST);
  const sorted = entries.toSorted(order);
  const taken = new Set<string>();
  const pools = sorted.flatMap(([name, entry], index) => {
    const lists = entry.matcherConfig.labelMatchers;
    return lists.map((labels) => ({
      pool: poolOf(name, entry, labels, sorted.length - index, context, taken),
      remarks: remarksOf(name, entry, lists.length),
    }));
  });
  return {
    pools,
    remarks: [
      'The machines are new: make a template for each name below (runner_templates in Terraform), with an image like your AMI.',
      'repository_white_list, where you use it, is repos in place of org.',
    ],
  };
};

function poolOf(
  name: string,
  {matcherConfig, runner_config: runner = {}}: Entry,
  labels: readonly string[],
  priority: number,
  context: Context,
  taken: Set<string>,
): TranslatedPool {
  const {runners_maximum_count: most, minimum_running_time_in_minutes: idle} = runner;
  const boot = runner.runner_boot_time_in_minutes;
  const group = runner.runner_group_name;
  return {
    name: poolName(name, taken),
    ...scopeOf(context),
    ...(matcherConfig.bidirectionalLabelMatch ? {requires: labels} : {}),
    offers: labels,
    ...(group ? {runnerGroup: group} : {}),
    ...(most !== undefined && most !== null && most >= 0 ? {maxRunners: most} : {}),
    ...(boot ? {bootMinutes: boot} : {}),
    ...(idle ? {idleMinutes: idle} : {}),
    priority,
    provider: {...templateOf(context, runner.runner_architecture === 'arm64'), spot: spotOf(runner)},
  };
}

/** Spot is the default there. */
function spotOf(runner: z.infer<typeof Runner>): 'never' | 'prefer' | 'only' {
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
    ...(runner.runners_maximum_count === -1 ? ['There was no limit; left out, maxRunners is 20.'] : []),
    ...(runner.enable_ephemeral_runners === false
      ? ['These runners were not ephemeral: files that a job leaves on the disk are not there for the next one.']
      : []),
    ...(runner.idle_config ?? []).map(
      ({cron, idleCount}) => `minIdle: ${idleCount} at ${cron} (a schedule of minIdle)`,
    ),
    ...(runner.pool_config ?? []).map(
      ({schedule_expression: cron, size}) => `minIdle: ${size} from ${cron} (a schedule of minIdle)`,
    ),
    ...(matcherConfig.enableDynamicLabels
      ? [
          'Labels ghr-… of a job: write machine=, disk= and spot= in place of them, and list what is allowed in options.',
        ]
      : []),
    ...(runner.runner_os === 'windows' ? [WINDOWS] : []),
    ...(runner.runner_os === 'osx' ? ['macOS: a pool of type codemagic (docs/macos.md) in place of gce.'] : []),
  ];
}
