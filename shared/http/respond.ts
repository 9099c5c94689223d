import type {Response} from '@google-cloud/functions-framework';
import {InvalidConfiguration, RateLimited, RetryableError, SlipwayError} from '../errors';
import {Forbidden, Unauthenticated} from './oidc';
import {BadRequest} from './request';

export interface Answer {
  readonly status: number;
  /** Sent as JSON; a text as it is. */
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of answers to bad requests. After 408 the rest of the body is not waited for. */
const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  405: {Allow: 'POST'},
  408: {Connection: 'close'},
};

/** The one map from a failure to an HTTP answer. What the caller need not know stays in the log. */
export function answerOf(error: unknown): Answer {
  if (error instanceof BadRequest) {
    return {status: error.status, body: {error: error.message}, headers: HEADERS[error.status] ?? {}};
  }
  if (error instanceof Unauthenticated) return {status: 401, body: {error: error.message}};
  if (error instanceof Forbidden) return {status: 403, body: {error: error.message}};
  if (error instanceof InvalidConfiguration) {
    return {status: 503, body: {error: 'the configuration is invalid; the log says what to change'}};
  }
  if (error instanceof RetryableError) {
    return {
      status: error instanceof RateLimited ? 429 : 503,
      body: {error: error.kind},
      headers: {'Retry-After': String(Math.max(1, Math.ceil(error.retryAfterSeconds)))},
    };
  }
  const kind = error instanceof SlipwayError ? error.kind : 'internal';
  return {status: 503, body: {error: kind}, headers: {'Retry-After': '10'}};
}

export function send(response: Response, {status, body, headers = {}}: Answer): void {
  response.status(status).set(headers);
  if (typeof body === 'string') response.type('text/plain').send(body);
  else response.json(body);
}
