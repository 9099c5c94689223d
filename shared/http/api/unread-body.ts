import type {Request, Response} from '@google-cloud/functions-framework';
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
      const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined;
      if (response.headersSent || typeof status !== 'number' || status >= 500) next(error);
      else answer(problemOf(status), request, response);
    });
  };
}

function problemOf(status: number): Problem {
  if (status === 413) return new Problem('too-large', 'the body is larger than the function takes');
  if (status === 415)
    return new Problem('unsupported-body', 'the body has an encoding or a character set that is not supported');
  return new Problem(
    'invalid-json',
    'the body cannot be read as its content type says; expected a JSON object, or no body',
  );
}
