import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {callCompute, isAbsent} from './call';
import type {ComputeClients} from './clients';
import type {Compute, InstanceTemplate, Metadata, Scheduling, TemplateReference} from './compute';

/** Templates are immutable under their name; one that was replaced is seen after this time. */
const KEPT_MS = 5 * 60_000;

/**
 * Instance templates, global and regional.
 *
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instanceTemplates
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/regionInstanceTemplates
 */
export function templatesOver(
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
  return {getTemplate: (reference) => templates.load(keyOf(reference), () => read(reference), KEPT_MS)};
}

interface RawTemplate {
  readonly selfLink?: string | null;
  readonly properties?: {
    readonly metadata?: {
      readonly items?: readonly {readonly key?: string | null; readonly value?: string | null}[] | null;
    } | null;
    readonly labels?: Readonly<Record<string, string>> | null;
    readonly scheduling?: object | null;
  } | null;
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

function templateOf({selfLink, properties}: RawTemplate, path: string): InstanceTemplate {
  return {
    selfLink: selfLink || path,
    metadata: metadataOf(properties?.metadata?.items ?? []),
    labels: properties?.labels ?? {},
    scheduling: withoutEmpty(properties?.scheduling ?? {}),
  };
}

function metadataOf(items: readonly {readonly key?: string | null; readonly value?: string | null}[]): Metadata {
  return {items: items.flatMap(({key, value}) => (key ? [{key, value: value ?? ''}] : []))};
}

/** The library adds empty lists, nulls, and for each optional field a `_field` that names it. */
function withoutEmpty(scheduling: object): Scheduling {
  const isEmpty = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0);
  const given = Object.entries(scheduling).filter(([key, value]) => !key.startsWith('_') && !isEmpty(value));
  return Object.fromEntries(given);
}
