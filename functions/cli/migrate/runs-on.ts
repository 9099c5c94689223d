import * as z from 'zod';
import {usage} from '../failure';
import {reading} from './reading';
import {RUNS_ON_FIELDS, WARM} from './runs-on-fields';
import {
  type Context,
  expectForm,
  type Machines,
  machinesOf,
  poolName,
  scopeOf,
  type Translation,
  type Translator,
} from './translation';

const Words = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]);
type Words = z.infer<typeof Words>;
const Runner = z.looseObject({
  cpu: Words.optional(),
  ram: Words.optional(),
  family: Words.optional(),
  image: z.string().optional(),
  spot: Words.optional(),
  retry: Words.optional(),
  volume: Words.optional(),
});
type Runner = z.infer<typeof Runner>;
const RunsOnPool = z.looseObject({runner: z.string(), name: z.string().optional()});
const Image = z.looseObject({platform: z.string().optional(), arch: z.string().optional()});
type Images = Readonly<Record<string, z.infer<typeof Image>>>;
const RepositoryFile = z.looseObject({
  runners: z.record(z.string(), Runner).optional(),
  images: z.record(z.string(), Image).optional(),
  pools: z.record(z.string(), RunsOnPool).optional(),
});

/** Families of EC2 with Graviton processors, such as t4g, c7gd and im4gn. */
const ARM = /^[a-z]+\d+g/;
/** A pool of this name serves Dependabot's own jobs there, which ask for this label alone. */
const DEPENDABOT = 'dependabot';

/** What the first remark of a runner's pool shows: its sizes are a machine type here. */
const SHOWN = ['cpu', 'ram', 'family', 'image', 'volume'] as const;

const FORM = 'the file .github/runs-on.yml with runners: {name: {cpu, ram, family, image, …}}';

const LABELS = [
  'Of the label, runner= and pool= choose the pool. Its other parts have no effect here: cpu, ram, family, volume, disk, image, gpu, extras, sticky, nested-virt, ssh, private, retry, env, region, tag, debug, preinstall.',
  'For sizes give the pool options and the job labels of its own, e.g. runs-on: [self-hosted, linux, machine=n2-standard-4, disk=200]; docs/migrate.md has each of them.',
  'A label spot=… or disk=… of its own, beside runner=…, is an option here: the pool refuses the job unless its options allow the value.',
];

/**
 * RunsOn's named runners, and its pools. The job asks for one in a single label, `runs-on=123/runner=gpu/…` or with commas, or in a label of
 * its own, so the label is a pattern. Longer names come first: `runner=gpu*` takes `runner=gpu-large`, too, and of two pools that match the
 * first wins.
 * @see https://runs-on.com/configuration/job-labels/
 * @see https://github.com/runs-on/config/blob/main/schema/runs_on.cue
 */
export const fromRunsOn: Translator = (given, context) => {
  if (Array.isArray(given)) throw usage(`found ${given.length} documents, expected one: ${FORM}`);
  const {runners, images, pools = {}, ...rest} = expectForm(RepositoryFile, given, FORM);
  if (!runners) {
    throw usage(`found no runners in this file: translate the one that has them, which _extends names, or ${FORM}`);
  }
  // Keys with x- hold anchors, which RunsOn does not read either.
  const others = Object.fromEntries(Object.entries({images, ...rest}).filter(([key]) => !key.startsWith('x-')));
  const taken = new Set<string>();
  const translate = (name: string, key: 'runner' | 'pool', runner: Runner) =>
    translated(name, key, runner, images ?? {}, context, taken);
  const ofRunners = byLength(runners).map(([name, runner]) => translate(name, 'runner', runner));
  const ofPools = byLength(pools).map(([key, {runner, name, ...schedules}]) => {
    const own = Object.hasOwn(runners, runner) ? runners[runner] : undefined;
    if (!own) throw usage(`pools.${key}: found runner ${runner}, expected one of ${Object.keys(runners).join(', ')}`);
    const {pool, remarks} = translate(name ?? key, 'pool', own);
    const isDependabot = (name ?? key) === DEPENDABOT;
    const fields = isDependabot ? {...RUNS_ON_FIELDS, pools: WARM} : RUNS_ON_FIELDS;
    return {pool, remarks: [...remarks, ...reading({pools: schedules}).unread(fields)]};
  });
  return {
    pools: [...ofRunners, ...ofPools],
    remarks: [...LABELS, ...reading(others).unread(RUNS_ON_FIELDS)],
  };
};

function byLength<T>(named: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(named).toSorted(([a], [b]) => b.length - a.length);
}

function translated(
  name: string,
  key: 'runner' | 'pool',
  given: Runner,
  images: Images,
  context: Context,
  taken: Set<string>,
): Translation['pools'][number] {
  const {fields: runner, unread} = reading(given);
  const isSpot = !['false', 'never'].includes(String(runner.spot));
  const retry = runner.retry === undefined ? [] : wordsOf(runner.retry);
  const isRerun = retry.includes('when-interrupted');
  const others = retry.filter((word) => word !== 'when-interrupted' && word !== 'false');
  const {provider, remarks} = machinesOf(context, imageOf(runner, images));
  const isDependabot = key === 'pool' && name === DEPENDABOT;
  const pool = {
    name: poolName(name, taken),
    ...scopeOf(context),
    requires: [isDependabot ? DEPENDABOT : `*${key}=${name}*`],
    ...(isRerun ? {rerunOnPreemption: true} : {}),
    provider: {
      ...provider,
      spot: isSpot ? ('prefer' as const) : ('never' as const),
    },
  };
  const sizes = SHOWN.flatMap((size) =>
    runner[size] === undefined ? [] : `${size} ${wordsOf(runner[size]).join(' or ')}`,
  );
  return {
    pool,
    remarks: [
      ...(sizes.length > 0 ? [`There: ${sizes.join(', ')}`] : []),
      ...(isDependabot ? ['Dependabot’s own jobs ask for the label dependabot alone.'] : []),
      ...remarks,
      ...(isRerun ? ['rerunOnPreemption: the App needs Actions: read and write for it.'] : []),
      // The default there. Here it takes a right that the App need not have otherwise.
      ...(isSpot && retry.length === 0
        ? [
            'There, jobs of interrupted spot runners were run again by default: rerunOnPreemption: true, with Actions: read and write of the App.',
          ]
        : []),
      ...(others.length > 0
        ? [`retry ${others.join(', ')}: no equivalent: nothing but jobs of preempted VMs is run again.`]
        : []),
      ...unread(RUNS_ON_FIELDS),
    ],
  };
}

/** What a runner's image is for: by the file's own images, by the name of one of RunsOn's, else by the families of its instances. */
function imageOf(runner: Runner, images: Images): Machines {
  const {image: name = '', family} = runner;
  const own = Object.hasOwn(images, name) ? images[name] : undefined;
  const families = family === undefined ? [] : wordsOf(family);
  const isArm = name === '' ? families.length > 0 && families.every((word) => ARM.test(word)) : /arm64/.test(name);
  return {
    isArm: own?.arch === undefined ? isArm : own.arch === 'arm64',
    isWindows: /windows/i.test(own?.platform ?? name),
  };
}

/** Several values stand in a list, or in a text with + between them. */
function wordsOf(words: Words): string[] {
  return [words].flat().flatMap((word) => String(word).split('+'));
}
