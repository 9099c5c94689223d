import * as z from 'zod';
import {DEFAULTS} from '../../../shared/config/pool-schema';
import {isRepository} from '../../../shared/model/names';
import {usage} from '../failure';
import {expectForm, poolName, scopeOf, type Translator, templateOf} from './translation';

const Values = z.looseObject({
  githubConfigUrl: z.string(),
  runnerScaleSetName: z.string().optional(),
  scaleSetLabels: z.array(z.string()).optional(),
  runnerGroup: z.string().optional(),
  minRunners: z.number().optional(),
  maxRunners: z.number().optional(),
  containerMode: z.looseObject({type: z.string().optional()}).nullish(),
  template: z
    .looseObject({spec: z.looseObject({nodeSelector: z.record(z.string(), z.string()).optional()}).optional()})
    .nullish(),
});

const FORM = 'the values of the chart gha-runner-scale-set, or a list of them';

/**
 * Scale sets of the actions-runner-controller. A job asks for the scale set's name; with `scaleSetLabels` it may ask for these labels as well.
 * @see https://github.com/actions/actions-runner-controller/blob/master/charts/gha-runner-scale-set/values.yaml
 */
export const fromScaleSets: Translator = (given, context) => {
  const sets = expectForm(z.array(Values), Array.isArray(given) ? given : [given], FORM);
  const taken = new Set<string>();
  return {
    pools: sets.map((set) => {
      const name = set.runnerScaleSetName;
      if (!name)
        throw usage('found no runnerScaleSetName, which is then the name of the Helm release: write it into the file');
      const labels = [name, ...(set.scaleSetLabels ?? [])];
      const arm = set.template?.spec?.nodeSelector?.['kubernetes.io/arch'] === 'arm64';
      const group = set.runnerGroup;
      // The default must not be below what is kept warm.
      const limit = set.maxRunners ?? ((set.minRunners ?? 0) > DEFAULTS.maxRunners ? set.minRunners : undefined);
      return {
        pool: {
          name: poolName(name, taken),
          ...scopeOf(context, ownerOf(set.githubConfigUrl)),
          offers: labels,
          ...(group && group.toLowerCase() !== 'default' ? {runnerGroup: group} : {}),
          ...(limit === undefined ? {} : {maxRunners: limit}),
          ...(set.minRunners ? {minIdle: set.minRunners} : {}),
          provider: templateOf(context, arm),
        },
        remarks: [
          ...(set.maxRunners === undefined
            ? [`There was no limit; left out, maxRunners is ${DEFAULTS.maxRunners}.`]
            : []),
          ...modeRemarks(set.containerMode?.type),
        ],
      };
    }),
    remarks: [
      'Each job gets a VM in place of a pod. What stands in template (image, resources, volumes) belongs into the image and the machine type of the instance template.',
    ],
  };
};

function modeRemarks(mode: string | undefined): string[] {
  if (mode === 'dind') return ['containerMode dind: slipway-docker = "true" in the metadata of the template.'];
  if (mode?.startsWith('kubernetes')) {
    return [
      'containerMode kubernetes: container jobs run with Docker on the VM, slipway-docker = "true" in the metadata of the template.',
    ];
  }
  return [];
}

/** Whom `https://github.com/acme` or `https://github.com/acme/app` names. */
function ownerOf(url: string): {org?: string; repo?: string} {
  const path = URL.canParse(url) ? new URL(url).pathname.replace(/^\/+|\/+$/g, '') : '';
  if (path.startsWith('enterprises/')) return {};
  if (isRepository(path)) return {repo: path};
  return path === '' ? {} : {org: path};
}
