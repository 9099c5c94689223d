import type {Request} from '@google-cloud/functions-framework';
import {version} from '../../package.json';
import {jsonReply, type Reply, textReply} from './server';

/**
 * The answer to `GET /ping` and `GET /health`, for whoever watches that the function is there; undefined for every other request. Says
 * nothing of the configuration.
 */
export function answerProbe({method, path}: Request): Reply | undefined {
  if (method !== 'GET') return undefined;
  if (path === '/ping') return textReply('pong');
  return path === '/health' ? jsonReply({status: 'healthy', version}) : undefined;
}
