import * as z from 'zod';
import {DEFAULTS} from '../../../shared/config/pool-schema';
import {isRepository} from '../../../shared/model/names';
import {usage} from '../failure';
import {plain} from '../terminal';
import {reading} from './reading';
import {SCALE_SET_FIELDS} from './scale-set-fields';
import {expectForm, isMachineType, type Machines, machinesOf, poolName, scopeOf, type Translator} from './translation';

const Values = z.looseObject({
  githubConfigUrl: z.string(),
  runnerScaleSetName: z.string().optional(),
  scaleSetLabels: z.array(z.string()).optional(),
  /** The same in an AutoscalingRunnerSet. */
  runnerScaleSetLabels: z.array(z.string()).optional(),
  runnerGroup: z.string().optional(),
  minRunners: z.number().optional(),
  maxRunners: z.number().optional(),
  containerMode: z.looseObject({type: z.string().optional()}).nullish(),
  template: z
    .looseObject({spec: z.looseObject({nodeSelector: z.record(z.string(), z.string()).optional()}).optional()})
    .nullish(),
});

/** What `kubectl get autoscalingrunnersets -o yaml` prints; `status` and most of `metadata` are the cluster's. */
const Resource = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({name: z.string().optional()}).optional(),
  spec: z.looseObject({runnerScaleSetName: z.string().optional()}).optional(),
  items: z.array(z.unknown()).optional(),
});

const FORM =
  'the values of the chart gha-runner-scale-set, a list of them, or AutoscalingRunnerSets as kubectl prints them';

/**
 * Scale sets of the actions-runner-controller. A job asks for the scale set's name; with `scaleSetLabels` it may ask for these labels as well.
 * @see https://github.com/actions/actions-runner-controller/blob/master/charts/gha-runner-scale-set/values.yaml
 */
export const fromScaleSets: Translator = (given, context) => {
  const sets = expectForm(z.array(Values), (Array.isArray(given) ? given : [given]).flatMap(valuesOf), FORM);
  const taken = new Set<string>();
  return {
    pools: sets.map((values) => {
      const {fields: set, unread} = reading(values);
      const name = set.runnerScaleSetName;
      if (!name)
        throw usage('found no runnerScaleSetName, which is then the name of the Helm release: write it into the file');
      const labels = [...new Set([name, ...(set.scaleSetLabels ?? []), ...(set.runnerScaleSetLabels ?? [])])];
      const {provider, remarks} = machinesOf(context, nodesOf(set.template?.spec?.nodeSelector ?? {}));
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
          provider,
        },
        remarks: [
          ...(set.maxRunners === undefined
            ? [`There was no limit; left out, maxRunners is ${DEFAULTS.maxRunners}.`]
            : []),
          ...remarks,
          ...modeRemarks(set.containerMode?.type),
          ...unread(SCALE_SET_FIELDS),
        ],
      };
    }),
    remarks: ['Each job gets a VM in place of a pod: its image and machine type are those of the instance template.'],
  };
};

/** The values of what kubectl prints; anything else stays as it is. */
function valuesOf(given: unknown): unknown[] {
  const {success, data} = Resource.safeParse(given);
  if (!success) return [given];
  const {kind, metadata, spec, items} = data;
  if (items) return items.flatMap(valuesOf);
  if (kind === 'AutoscalingRunnerSet') {
    return [{...spec, runnerScaleSetName: spec?.runnerScaleSetName || metadata?.name}];
  }
  throw usage(
    `found a resource of kind ${plain(kind)}, expected ${FORM}; docs/migrate.md (From actions-runner-controller) has the fields of a RunnerDeployment`,
  );
}

/** What the well-known labels of nodes ask for. */
function nodesOf(selector: Readonly<Record<string, string>>): Machines {
  const type = selector['node.kubernetes.io/instance-type'] ?? '';
  return {
    isArm: selector['kubernetes.io/arch'] === 'arm64',
    isWindows: selector['kubernetes.io/os'] === 'windows',
    machineType: isMachineType(type) ? type : undefined,
  };
}

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
