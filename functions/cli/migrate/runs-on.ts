import * as z from 'zod';
import {expectForm, poolName, scopeOf, type Translator, templateOf} from './translation';

const Words = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]);
const Runner = z.looseObject({
  cpu: Words.optional(),
  ram: Words.optional(),
  family: Words.optional(),
  image: z.string().optional(),
  spot: Words.optional(),
  volume: Words.optional(),
});
const RepositoryFile = z.looseObject({runners: z.record(z.string(), Runner)});

/** What a runner's pool has, or its first remark names. */
const SHOWN = ['cpu', 'ram', 'family', 'image', 'volume'];
const TRANSLATED = [...SHOWN, 'spot'];

const FORM = 'the file .github/runs-on.yml with runners: {name: {cpu, ram, family, image, …}}';

/**
 * RunsOn's named runners. The job asks for one in a single label, `runs-on=123/runner=gpu/…` or with commas, or in a label of its own, so
 * the label is a pattern. Longer names come first: `runner=gpu*` takes `runner=gpu-large`, too, and of two pools that match the first wins.
 * @see https://runs-on.com/configuration/job-labels/
 */
export const fromRunsOn: Translator = (given, context) => {
  const {runners, ...others} = expectForm(RepositoryFile, given, FORM);
  const left = Object.keys(others).filter((key) => !key.startsWith('_'));
  const taken = new Set<string>();
  const sorted = Object.entries(runners).toSorted(([a], [b]) => b.length - a.length);
  return {
    pools: sorted.map(([name, runner]) => ({
      pool: {
        name: poolName(name, taken),
        ...scopeOf(context),
        requires: [`*runner=${name}*`],
        provider: {
          ...templateOf(context, /arm64/.test(runner.image ?? '')),
          spot: runner.spot === false || runner.spot === 'false' ? ('never' as const) : ('prefer' as const),
        },
      },
      remarks: [
        `There: ${Object.entries(runner)
          .filter(([key]) => SHOWN.includes(key))
          .map(([key, value]) => `${key} ${[value].flat().join(' or ')}`)
          .join(', ')}`,
        ...notTranslated(Object.keys(runner).filter((key) => !TRANSLATED.includes(key))),
      ],
    })),
    remarks: [
      'Other keys of the label (env, extras, tag, ssh, …) have no effect here. Sizes in it (cpu=4, ram=16, family=…) have none either:',
      'give the pool options and the job labels of its own, e.g. runs-on: [self-hosted, linux, machine=n2-standard-4, disk=200].',
      'A label spot=… or disk=… of its own, beside runner=…, is an option here: the pool refuses the job unless its options allow the value.',
      ...notTranslated(left),
    ],
  };
};

function notTranslated(keys: readonly string[]): string[] {
  return keys.length === 0 ? [] : [`Not translated: ${keys.join(', ')} (docs/migrate.md, From RunsOn).`];
}
