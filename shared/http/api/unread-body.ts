import type {Request, Response} from '@google-cloud/functions-framework';
import {MAX_BODY_BYTES} from './input';
import {Problem} from './problem';

/** What Express hands an error of one of its parsers to. */
export type OnUnreadBody = (problem: Problem, request: Request, response: Response) => void;

/**
 * The framework parses bodies before the function sees the request, and answers those that it cannot parse with a page of its own. From the
 * first request on that reaches the function, they are answered like every other one: an error handler behind everything.
 */
export function unreadBodies(answer: OnUnreadBody): (request: Request) => void {
  const known = new WeakSet<object>();
  return ({app}) => {
    if (known.has(app)) return;
    known.add(app);
    app.use((error: unknown, request: Request, response: Response, next: (error: unknown) => void) => {
      const {status, type} = partsOf(error);
      if (response.headersSent || status === undefined || status >= 500) next(error);
      else answer(problemOf(request, status, type), request, response);
    });
  };
}

/** As body-parser and Express mark what they throw; `type` is body-parser's alone. */
function partsOf(error: unknown): {status?: number; type?: unknown} {
  if (typeof error !== 'object' || error === null) return {};
  const status: unknown = Reflect.get(error, 'status');
  return typeof status === 'number' ? {status, type: Reflect.get(error, 'type')} : {};
}

function problemOf(request: Request, status: number, type: unknown): Problem {
  if (status === 413 || Number(request.get('content-length')) > MAX_BODY_BYTES) {
    return new Problem('too-large', `the body is larger than ${MAX_BODY_BYTES} bytes`);
  }
  if (status === 415) {
    return new Problem('unsupported-body', 'the body has an encoding or a character set that is not supported');
  }
  if (type === undefined) return new Problem('invalid-request', 'the path cannot be decoded');
  return new Problem(
    'invalid-json',
    'the body cannot be read as its content type says; expected a JSON object, or no body',
  );
}
