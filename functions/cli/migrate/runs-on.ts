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

const FORM = 'the file .github/runs-on.yml with runners: {name: {cpu, ram, family, image, …}}';

/**
 * RunsOn's named runners. The job asks for one in a single label, `runs-on=123/runner=gpu/…` or with commas, or in a label of its own, so
 * the label is a pattern. Longer names come first: `runner=gpu*` takes `runner=gpu-large`, too, and of two pools that match the first wins.
 * @see https://runs-on.com/configuration/job-labels/
 */
export const fromRunsOn: Translator = (given, context) => {
  const {runners} = expectForm(RepositoryFile, given, FORM);
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
          .filter(([key]) => ['cpu', 'ram', 'family', 'image', 'volume'].includes(key))
          .map(([key, value]) => `${key} ${[value].flat().join(' or ')}`)
          .join(', ')}`,
      ],
    })),
    remarks: [
      'Other keys of the label (env, extras, tag, ssh, …) have no effect here. Sizes in it (cpu=4, ram=16, family=…) have none either:',
      'give the pool options and the job labels of its own, e.g. runs-on: [self-hosted, linux, machine=n2-standard-4, disk=200].',
    ],
  };
};
