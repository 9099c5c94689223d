import * as z from 'zod';
import {INSTANCE_TEMPLATE_FIELDS} from './instance-template-fields';
import {reading} from './reading';
import {expectForm, poolName, scopeOf, type Translator} from './translation';

const Disk = z.looseObject({
  boot: z.boolean().optional(),
  initializeParams: z
    .looseObject({
      sourceImage: z.string().optional(),
      diskSizeGb: z.union([z.string(), z.number()]).optional(),
      diskType: z.string().optional(),
    })
    .optional(),
});
/** As `gcloud` lists it, or an entry of `github_runners_types`, whose names are flat. */
const Template = z.looseObject({
  name: z.string(),
  region: z.string().optional(),
  properties: z.looseObject({machineType: z.string().optional(), disks: z.array(Disk).optional()}).optional(),
  instance_type: z.string().optional(),
  arch: z.string().optional(),
  image: z.string().optional(),
  disk_size: z.number().optional(),
  disk_type: z.string().optional(),
});
type Template = z.infer<typeof Template>;

const FORM =
  'the templates as gcloud compute instance-templates list --format=json prints them, or the list github_runners_types';
const PREFIX = 'gcp-';
/** Families of machine types with Arm processors. */
const ARM = /^(c4a|t2a|n4a|a4x)-/;

/**
 * Instance templates of google-cloud-github-runner: the first label of a job that begins with `gcp-` is the name of its template, where a dot
 * in the label is a hyphen in the name.
 * @see https://github.com/Cyclenerd/google-cloud-github-runner/blob/master/gcp/README.md
 */
export const fromInstanceTemplates: Translator = (given, context) => {
  const templates = expectForm(z.array(Template), Array.isArray(given) ? given : [given], FORM);
  const ours = templates.filter(({name}) => name.startsWith(PREFIX));
  const taken = new Set<string>();
  return {
    pools: ours.map((template) => {
      const {fields, unread} = reading(template);
      const {name, region} = fields;
      const machine = fields.properties?.machineType ?? fields.instance_type;
      const isArm = fields.arch === 'arm64' || ARM.test(machine ?? '') || /-arm(64)?$/.test(name);
      const arch = isArm ? 'arm64' : 'x64';
      // gcp-ubuntu-24.04 is the label, gcp-ubuntu-24-04 the template.
      const label = name.replace(/(\d)-(?=\d)/g, '$1*');
      const place = region?.split('/').at(-1) ?? context.region;
      return {
        pool: {
          name: poolName(name.slice(PREFIX.length), taken),
          ...scopeOf(context),
          requires: [label],
          offers: ['self-hosted', 'linux', arch, label],
          provider: {type: 'gce' as const, template: name, ...(place === undefined ? {} : {region: place})},
        },
        remarks: [hardwareOf(fields, machine), ...unread(INSTANCE_TEMPLATE_FIELDS)],
      };
    }),
    remarks: [
      'The templates stay, but their startup script and service account were put in by the old manager: let Terraform make templates of these names in runner_templates.',
      ...(ours.length < templates.length
        ? [`${templates.length - ours.length} templates whose names do not begin with ${PREFIX} are left out.`]
        : []),
    ],
  };
};

/** What `runner_templates` has to say, in its words. */
function hardwareOf(
  {properties, image, disk_size: gb, disk_type: type}: Template,
  machine: string | undefined,
): string {
  const boot = properties?.disks?.find((disk) => disk.boot)?.initializeParams;
  const last = (url: string | undefined) => url?.split('/').at(-1);
  const parts = {
    machine_type: machine,
    disk_gb: boot?.diskSizeGb ?? gb,
    disk_type: last(boot?.diskType) ?? type,
    image: boot?.sourceImage?.replace(/^.*\/(?=projects\/)/, '') ?? image,
  };
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return `runner_templates: ${known.map(([name, value]) => `${name} ${value}`).join(', ')}`;
}
