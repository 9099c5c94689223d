import {TtlCache} from '../../../cache';
import type {Clock} from '../../../clock';
import {MINUTE_MS} from '../../../durations';
import {Refused} from '../../../errors';
import {isRfc1035, TEMPLATE_URL} from '../../../model/names';
import {type ComputeClients, callCompute, isAbsent} from './call';
import type {
  Compute,
  InstanceTemplate,
  Metadata,
  RestDisk,
  Scheduling,
  TemplateDisk,
  TemplateReference,
} from './compute';

/** How long a template is cached, in milliseconds. Templates cannot be changed, but replaced under their name. */
const CACHE_TTL_MS = 5 * MINUTE_MS;

/**
 * Instance templates, global and regional.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instanceTemplates
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/regionInstanceTemplates
 */
export function templatesApi(
  clients: ComputeClients,
  project: () => Promise<string>,
  clock: Pick<Clock, 'now'>,
): Pick<Compute, 'getTemplate'> {
  const templates = new TtlCache<InstanceTemplate | undefined>(clock);
  const read = async (reference: TemplateReference): Promise<InstanceTemplate | undefined> => {
    const owner = reference.project ?? (await project());
    const place = reference.region ? `regions/${reference.region}` : 'global';
    const name = `${place}/instanceTemplates/${reference.name}`;
    const path = `projects/${owner}/${name}`;
    try {
      const template = await callCompute({what: `get ${path}`}, (options) => get(clients, owner, reference, options));
      return templateOf(template, path);
    } catch (error) {
      if (isAbsent(error, name)) return undefined;
      throw error;
    }
  };
  const keyOf = ({name, project: owner = '', region = ''}: TemplateReference) => `${owner}/${region}/${name}`;
  return {
    async getTemplate(reference, {afresh} = {afresh: false}) {
      const how = afresh ? 'reload' : 'load';
      return templates[how](keyOf(reference), () => read(reference), CACHE_TTL_MS);
    },
  };
}

/** A template of the REST API. */
export interface RawTemplate {
  readonly selfLink?: string | null;
  readonly properties?: {
    readonly metadata?: {
      readonly items?: readonly {readonly key?: string | null; readonly value?: string | null}[] | null;
    } | null;
    readonly labels?: Readonly<Record<string, string>> | null;
    readonly scheduling?: object | null;
    readonly machineType?: string | null;
    readonly disks?: readonly RawDisk[] | null;
    readonly guestAccelerators?:
      | readonly {readonly acceleratorType?: string | null; readonly acceleratorCount?: number | null}[]
      | null;
    readonly networkInterfaces?: readonly {readonly accessConfigs?: readonly object[] | null}[] | null;
  } | null;
}

interface RawDisk {
  readonly boot?: boolean | null;
  readonly autoDelete?: boolean | null;
  readonly type?: unknown;
  readonly diskSizeGb?: unknown;
  readonly initializeParams?: {readonly diskType?: string | null; readonly diskSizeGb?: unknown} | null;
}

async function get(
  clients: ComputeClients,
  project: string,
  {name, region}: TemplateReference,
  options: {timeout: number; retry: null},
): Promise<RawTemplate> {
  if (region) {
    const client = await clients.regionInstanceTemplates();
    const [template] = await client.get({project, region, instanceTemplate: name}, options);
    return template;
  }
  const client = await clients.instanceTemplates();
  const [template] = await client.get({project, instanceTemplate: name}, options);
  return template;
}

/** Reads a template. `path`: where it was asked for, in case the answer does not say. */
export function templateOf({selfLink, properties}: RawTemplate, path: string): InstanceTemplate {
  return {
    selfLink: selfLink || path,
    metadata: metadataOf(properties?.metadata?.items ?? []),
    labels: properties?.labels ?? {},
    scheduling: withoutEmpty(properties?.scheduling ?? {}),
    machineType: lastSegment(properties?.machineType),
    disks: (properties?.disks ?? []).map(diskOf),
    accelerators: (properties?.guestAccelerators ?? []).map(({acceleratorType, acceleratorCount}) => ({
      type: lastSegment(acceleratorType),
      count: acceleratorCount ?? 0,
    })),
    hasExternalAddress: (properties?.networkInterfaces ?? []).some(({accessConfigs}) => accessConfigs?.length),
  };
}

function diskOf(raw: RawDisk): TemplateDisk {
  const {boot, autoDelete, type, diskSizeGb, initializeParams} = raw;
  const given = lastSegment(initializeParams?.diskType);
  return {
    isBoot: boot === true,
    autoDelete: autoDelete === true,
    type: given || (type === 'SCRATCH' ? 'local-ssd' : 'pd-standard'),
    // The library has 64-bit numbers as text, or as objects that print as numbers.
    sizeGb: Number(String(initializeParams?.diskSizeGb ?? diskSizeGb ?? 0)) || 0,
    rest: withoutTold(raw) as RestDisk,
  };
}

/** Fields of a disk that Compute Engine tells and does not take. */
const TOLD: readonly string[] = ['kind', 'index', 'licenses', 'shieldedInstanceInitialState'];

/** Removes at every depth what the library adds: empty lists, nulls, and for each optional field a `_field` that names it; 64-bit numbers become text. */
function withoutTold(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTold);
  if (typeof value !== 'object' || value === null) return value;
  if ('low' in value && 'high' in value) return String(value);
  const given = Object.entries(value).filter(
    ([key, inner]) => !key.startsWith('_') && !TOLD.includes(key) && inner !== null && !isEmpty(inner),
  );
  return Object.fromEntries(given.map(([key, inner]) => [key, withoutTold(inner)]));
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function lastSegment(url: string | null | undefined): string {
  return url ? url.slice(url.lastIndexOf('/') + 1) : '';
}

function metadataOf(items: readonly {readonly key?: string | null; readonly value?: string | null}[]): Metadata {
  return {items: items.flatMap(({key, value}) => (key ? [{key, value: value ?? ''}] : []))};
}

/** Removes what the library adds: empty lists, nulls, and for each optional field a `_field` that names it. */
function withoutEmpty(scheduling: object): Scheduling {
  const isEmpty = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0);
  const given = Object.entries(scheduling).filter(([key, value]) => !key.startsWith('_') && !isEmpty(value));
  return Object.fromEntries(given);
}

/**
 * Where a template may be, in the order of the lookups. A full or partial URL says whether the template is global or regional; a bare name
 * is looked up globally, then in the region of the pool.
 *
 * @throws Refused when the text is neither a name nor a URL of a template.
 */
export function templateReferences(template: string, region: string | undefined): TemplateReference[] {
  const groups = TEMPLATE_URL.exec(template)?.groups;
  if (groups?.['name']) {
    const {name, project, region: ofUrl} = groups;
    return [{name, ...(project ? {project} : {}), ...(ofUrl ? {region: ofUrl} : {})}];
  }
  if (!isRfc1035(template)) {
    throw new Refused(
      `instance template ${template}: expected a name, or a URL such as global/instanceTemplates/NAME or ` +
        'projects/PROJECT/regions/REGION/instanceTemplates/NAME; correct the pool',
    );
  }
  return [{name: template}, ...(region ? [{name: template, region}] : [])];
}

/**
 * Finds the template that a pool names.
 *
 * @throws Refused when it is in none of the places, which are named. ComputeFailure when Compute Engine refuses to say.
 */
export async function findTemplate(
  compute: Pick<Compute, 'getTemplate'>,
  template: string,
  region: string | undefined,
  how?: {readonly afresh: boolean},
): Promise<InstanceTemplate> {
  const references = templateReferences(template, region);
  for (const reference of references) {
    const found = await compute.getTemplate(reference, how);
    if (found) return found;
  }
  const places = references.map(({name, project, region: place}) => {
    const owner = project ? `projects/${project}/` : '';
    return `${owner}${place ? `regions/${place}` : 'global'}/instanceTemplates/${name}`;
  });
  throw new Refused(`no instance template at ${places.join(' nor at ')}; create it, or correct the pool's template`);
}
