import type {Request} from '@google-cloud/functions-framework';
import {BadRequest} from '../errors';

/**
 * `?dry-run=true` or `false`, or nothing. Whoever wants a dry run and spells it otherwise must not get a real one, so that anything else in the
 * query is refused: throws `BadRequest`.
 */
export function readDryRun(request: Request): boolean {
  const query = request.originalUrl.split('?').slice(1).join('?');
  const [given, ...more] = [...new URLSearchParams(query)];
  if (!given) return false;
  const [name, value] = given;
  if (more.length === 0 && name === 'dry-run' && (value === 'true' || value === 'false')) return value === 'true';
  throw new BadRequest(
    400,
    'the query is not one of this function; expected dry-run=true or dry-run=false, once, or nothing',
  );
}
