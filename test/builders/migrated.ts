import {checkText} from '../../functions/cli/check';
import {SYSTEMS} from '../../functions/cli/migrate/systems';
import {type Context, parseText, toYaml} from '../../functions/cli/migrate/translation';
import {matchJob} from '../../shared/model/matching';
import type {Pool} from '../../shared/model/pool';

export const ORG: Context = {org: 'acme', region: 'europe-west3'};

/** The pools as the functions read them from the translated file; the file has no errors. */
export function poolsFrom(system: string, file: string | object, context: Context = ORG): readonly Pool[] {
  return checkedFrom(system, file, context).pools;
}

/** The translated file with its comments, and the pools in it. Throws when the file has errors. */
export function checkedFrom(
  system: string,
  file: string | object,
  context: Context,
): {yaml: string; pools: readonly Pool[]} {
  const translate = SYSTEMS[system];
  if (!translate) throw new Error(`no translator for ${system}`);
  const yaml = toYaml(translate(parseText(typeof file === 'string' ? file : JSON.stringify(file)), context));
  const checked = checkText(yaml);
  if (checked.kind === 'invalid') throw new Error(`${JSON.stringify(checked.problems, null, 1)}\n${yaml}`);
  return {yaml, pools: checked.pools};
}

/** The name of the pool that takes a job. */
export function takerOf(
  labels: readonly string[],
  pools: readonly Pool[],
  repository = 'acme/app',
): string | undefined {
  const match = matchJob({repository, isPublic: false, labels}, pools);
  return match.kind === 'matched' ? match.pool.name : undefined;
}
