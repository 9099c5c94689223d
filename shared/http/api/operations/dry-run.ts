import type {RequestContext} from '../operation';

/** Asked for, or configured for the whole deployment. */
export function isDryRun({config}: RequestContext, query: {readonly 'dry-run': boolean}): boolean {
  return query['dry-run'] || config.dryRun;
}
