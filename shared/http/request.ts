import type {Request} from '@google-cloud/functions-framework';
import {SlipwayError} from '../errors';

/** The request itself is wrong; `status` is the answer. The message holds nothing of the body. */
export class BadRequest extends SlipwayError {
  readonly kind = 'bad_request';
  readonly retryable = false;
  constructor(
    readonly status: 400 | 405 | 413,
    message: string,
  ) {
    super(message);
  }
}

/** GitHub sends no larger payload. @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

/**
 * The body as it was sent. functions-framework leaves `rawBody` unset when there is no content type; the stream is then unread, and there
 * is something to wait for.
 */
export function rawBody(request: Request, maxBytes = MAX_BODY_BYTES): Buffer | Promise<Buffer> {
  const body = request.rawBody;
  if (body === undefined) return readStream(request, maxBytes);
  if (body.length > maxBytes) throw tooLarge(maxBytes);
  return body;
}

async function readStream(request: Request, maxBytes: number): Promise<Buffer> {
  if (!request.readable) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): BadRequest {
  return new BadRequest(413, `the body is larger than ${maxBytes} bytes`);
}

export function requirePost(request: Request): void {
  if (request.method !== 'POST') throw new BadRequest(405, `method ${request.method} is not allowed, use POST`);
}
