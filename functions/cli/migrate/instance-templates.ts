import * as z from 'zod';
import {expectForm, poolName, scopeOf, type Translator} from './translation';

const Template = z.looseObject({
  name: z.string(),
  region: z.string().optional(),
  properties: z.looseObject({machineType: z.string().optional()}).optional(),
});

const FORM = 'the templates as gcloud compute instance-templates list --format=json prints them';
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
    pools: ours.map(({name, region, properties}) => {
      const arch = ARM.test(properties?.machineType ?? '') || /-arm(64)?$/.test(name) ? 'arm64' : 'x64';
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
        remarks: [],
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
