import type {Request} from '@google-cloud/functions-framework';
import {BadRequest} from '../errors';

/**
 * Reads `?dry-run=true` or `?dry-run=false`; no query means false. Throws `BadRequest` for any other query, so that a misspelt `dry-run`
 * never becomes a real run.
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
