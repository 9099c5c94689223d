import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {Api, type ApiOptions} from '../../shared/http/api/api';
import {sendReply} from '../../shared/http/api/reply';
import {serveFunction} from '../../shared/http/framework';

/**
 * The control API: health, status, runners, start and stop, jobs, dead letters, and its own documentation. What there is stands in
 * `shared/http/api/operations`; every other request is a problem of RFC 9457.
 */
export function createApi(options: ApiOptions): HttpFunction {
  const api = new Api(options);
  return async (request, response) => sendReply(response, await api.answer(request));
}

serveFunction('api', createApi({env: readEnvironment()}));
