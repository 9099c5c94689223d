import {Refused} from '../errors';
import {isRfc1035, TEMPLATE_URL} from '../model/names';
import type {Compute, InstanceTemplate, TemplateReference} from './compute';

/**
 * Where a template may be, in the order to look. A URL, whole or partial, says whether it is global or regional; a bare name is
 * looked for globally, then in the pool's region.
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
 * The template that a pool names.
 *
 * @throws Refused when it is in none of the places, which are named. ComputeFailure when Compute Engine refuses to say.
 */
export async function findTemplate(
  compute: Pick<Compute, 'getTemplate'>,
  template: string,
  region: string | undefined,
): Promise<InstanceTemplate> {
  const references = templateReferences(template, region);
  for (const reference of references) {
    const found = await compute.getTemplate(reference);
    if (found) return found;
  }
  const places = references.map(({name, project, region: place}) => {
    const owner = project ? `projects/${project}/` : '';
    return `${owner}${place ? `regions/${place}` : 'global'}/instanceTemplates/${name}`;
  });
  throw new Refused(`no instance template at ${places.join(' nor at ')}; create it, or correct the pool's template`);
}
