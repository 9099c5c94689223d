import type {Request} from '@google-cloud/functions-framework';
import {SlipwayError} from '../errors';

/** The request itself is wrong; `status` is the answer. The message holds nothing of the body. */
export class BadRequest extends SlipwayError {
  readonly kind = 'bad_request';
  readonly retryable = false;
  constructor(
    readonly status: 400 | 405 | 408 | 413 | 415,
    message: string,
  ) {
    super(message);
  }
}

export function requirePost(request: Request): void {
  if (request.method !== 'POST') throw new BadRequest(405, `method ${request.method} is not allowed, use POST`);
}
