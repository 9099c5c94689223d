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
  properties: z
    .looseObject({
      machineType: z.string().optional(),
      disks: z.array(Disk).optional(),
      scheduling: z
        .looseObject({provisioningModel: z.string().optional(), preemptible: z.boolean().optional()})
        .optional(),
    })
    .optional(),
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
/** What Terraform puts behind the name of a template there, a time and a counter: gcp-ubuntu-latest-20251213090807065400000001. */
const SUFFIX = /-\d{14,}[a-z0-9]*$/;
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
  const newest = newestOfEach(ours);
  const taken = new Set<string>();
  return {
    pools: newest.map(([name, template]) => {
      const {fields, unread} = reading(template);
      const {region} = fields;
      const machine = fields.properties?.machineType ?? fields.instance_type;
      const isArm = fields.arch === 'arm64' || ARM.test(machine ?? '') || /-arm(64)?$/.test(name);
      const arch = isArm ? 'arm64' : 'x64';
      const label = labelOf(name);
      const place = region?.split('/').at(-1) ?? context.region;
      const {provisioningModel, preemptible} = fields.properties?.scheduling ?? {};
      const isSpot = provisioningModel === 'SPOT' || preemptible === true;
      const provider = {
        type: 'gce' as const,
        template: name,
        ...(place === undefined ? {} : {region: place}),
        ...(machine === undefined ? {} : {machineTypes: [machine]}),
        ...(isSpot ? {spot: 'only' as const} : {}),
      };
      return {
        pool: {
          name: poolName(name.slice(PREFIX.length), taken),
          ...scopeOf(context),
          requires: [label],
          offers: ['self-hosted', 'linux', arch, label],
          provider,
        },
        remarks: [hardwareOf(fields, machine), ...unread(INSTANCE_TEMPLATE_FIELDS)],
      };
    }),
    remarks: [
      'Let Terraform make templates of these names in runner_templates: in those that are there, startup script and service account were put in by the old manager.',
      ...(ours.length < templates.length
        ? [`${templates.length - ours.length} templates whose names do not begin with ${PREFIX} are left out.`]
        : []),
      ...(newest.length < ours.length
        ? [`${ours.length - newest.length} older versions of these templates are left out.`]
        : []),
    ],
  };
};

/** The newest template of each name and region, in the order in which pools are to stand: of two pools that match a job the first one takes it. */
function newestOfEach(templates: readonly Template[]): [string, Template][] {
  const newest = new Map<string, [string, Template]>();
  for (const template of templates) {
    const name = template.name.replace(SUFFIX, '');
    const key = `${template.region ?? ''} ${name}`;
    const other = newest.get(key)?.[1];
    if (!other || other.name < template.name) newest.set(key, [name, template]);
  }
  const isPattern = (name: string) => Number(labelOf(name).includes('*'));
  return [...newest.values()].toSorted(([a], [b]) => isPattern(a) - isPattern(b) || b.length - a.length);
}

/**
 * gcp-ubuntu-24.04 and gcp-ubuntu-24-04 are labels of the template gcp-ubuntu-24-04: a version has a dot between two numbers. Nothing else is
 * a pattern, or a job that asks for 32core would get 2core.
 */
function labelOf(name: string): string {
  return name.replace(/(?<=-\d+)-(?=\d+(-|$))/g, '*');
}

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
