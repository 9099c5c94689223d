import * as z from 'zod';
import {OPTION_NAMES, type OptionName} from '../model/labels';
import {memory, type RawSettings, type SettingsProblems, text} from '../model/settings';
import {isRecord} from './form-mistakes';

const DISK = 'whole GB, 1 to 65536';
const CPUS = 'a number of processors, above 0';

/** `options` of a pool: what a job may choose by a label `<name>=<value>`. */
export const optionsSchema = z
  .strictObject({
    machine: z
      .array(text(/^[a-z0-9*][a-z0-9.*-]{0,62}$/, 'a machine type such as c4a-standard-8, with * for any characters'), {
        error: 'a list of machine types',
      })
      .min(1, {error: 'at least one machine type'})
      .meta({
        description: 'machine=<type>: one of these machine types, where * stands for any characters. gce and ec2.',
      })
      .optional(),
    disk: z
      .int({error: DISK})
      .min(1, {error: DISK})
      .max(65_536, {error: DISK})
      .meta({description: 'disk=<GB>: size of the boot disk, at most this and at least the template’s. gce and ec2.'})
      .optional(),
    spot: z
      .boolean({error: 'true or false'})
      .meta({
        description: 'spot=never, spot=prefer or spot=only in place of provider.spot. gce and ec2.',
        default: false,
      })
      .optional(),
    cpus: z
      .number({error: CPUS})
      .gt(0, {error: CPUS})
      .meta({description: 'cpus=<number>: processors of the container, at most this. docker.'})
      .optional(),
    memory: memory.meta({description: 'memory=<8g>: memory of the container, at most this. docker.'}).optional(),
  })
  .meta({description: 'What a job may choose by a label such as machine=c4a-standard-8; nothing unless listed.'});

export type RawOptions = z.infer<typeof optionsSchema>;

/** Reports options that mean nothing for the provider. `known`: those that it has. `pool`: of whatever shape. */
export function checkOptions(
  {options, provider}: RawSettings,
  known: readonly OptionName[],
  path: string,
  problems: SettingsProblems,
): void {
  if (!isRecord(options) || !isRecord(provider)) return;
  const type = String(provider['type']);
  for (const name of OPTION_NAMES) {
    if (options[name] === undefined || known.includes(name)) continue;
    const expected =
      known.length === 0
        ? `no options in a pool of type ${type}: its jobs choose nothing of their machine`
        : `${known.join(', ')}, which the jobs of a pool of type ${type} may choose`;
    problems.report(`${path}.options.${name}`, problems.describe(options[name]), expected);
  }
}
