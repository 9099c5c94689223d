import type {Request} from '@google-cloud/functions-framework';
import {version} from '../../package.json';
import type {Answer} from './respond';

/**
 * The answer to `GET /ping` and `GET /health`, for whoever watches that the function is there; undefined for every other request. Says
 * nothing of the configuration.
 */
export function probed({method, path}: Request): Answer | undefined {
  if (method !== 'GET') return undefined;
  if (path === '/ping') return {status: 200, body: 'pong'};
  return path === '/health' ? {status: 200, body: {status: 'healthy', version}} : undefined;
}
