import {type HttpFunction, http, type Request, type Response} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {Api, type ApiOptions} from '../../shared/http/api/api';
import type {Problem} from '../../shared/http/api/problem';
import {sendReply} from '../../shared/http/api/reply';
import {unreadBodies} from '../../shared/http/api/unread-body';
import {gracefully} from '../../shared/http/graceful-shutdown';

/**
 * The control API: health, status, runners, start and stop, jobs, dead letters, and its own documentation. What there is stands in
 * `shared/http/api/operations`; every other request is a problem of RFC 9457.
 */
export function createApi(options: ApiOptions): HttpFunction {
  const api = new Api(options);
  const answer = async (request: Request, response: Response, unread?: Problem) =>
    sendReply(response, await api.answer(request, unread));
  const handleUnreadBodies = unreadBodies((problem, request, response) => void answer(request, response, problem));

  return (request, response) => {
    handleUnreadBodies(request);
    return answer(request, response);
  };
}

http('api', gracefully(createApi({env: readEnvironment()})));
