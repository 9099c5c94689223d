import type {Request} from '@google-cloud/functions-framework';
import {withDeadline} from '../clock';
import {BadRequest, Unavailable} from '../errors';
import {ReceivedBody} from './received-body';

/** A body must arrive within this time; then the connection is closed. */
export const MAX_BODY_MS = 15_000;

/** The largest task that Cloud Tasks accepts. Slipway's tasks have about 1 KB. */
export const MAX_TASK_BYTES = 1024 * 1024;

/** Limit for all bodies together that an instance is reading: an instance has 512 MiB and up to 80 requests at a time. */
const MAX_HELD_BYTES = 100 * 1024 * 1024;

/**
 * A body up to this size is read even when the limit for all bodies is reached: four slow bodies of 25 MB must not keep out GitHub's
 * deliveries, which have about 30 KB.
 */
const ALWAYS_READ_BYTES = 256 * 1024;

/** A body that has not been read yet. */
export interface UnreadBody {
  /** Reads the body as it was sent. Throws `BadRequest` (413, 408, 400) or `Unavailable`. */
  read(): Promise<ReceivedBody>;
}

export interface BodyReader {
  /** Checks the headers of the body and reads nothing. Throws `BadRequest`: 415 for a compressed body, 413 for a large `Content-Length`. */
  open(request: Request): UnreadBody;
}

/**
 * Reads bodies as bytes, each at most `maxBytes` long and within 15 s. Headers are not trusted: memory is allocated as the bytes arrive.
 * Compressed bodies are refused, and nothing is parsed.
 */
export function createBodyReader(maxBytes: number): BodyReader {
  let held = 0;

  async function read(request: Request): Promise<ReceivedBody> {
    const body = new ReceivedBody();
    const arriving = eachChunk(request, (chunk) => {
      const length = body.length + chunk.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      if (length > ALWAYS_READ_BYTES && held + chunk.length > MAX_HELD_BYTES)
        throw new Unavailable('all memory for bodies is in use', 10);
      held += chunk.length;
      body.add(chunk);
    });
    try {
      await withDeadline(MAX_BODY_MS, arriving.ended, tooSlow);
      return body;
    } catch (error) {
      body.release();
      throw error;
    } finally {
      arriving.stop();
      held -= body.length;
    }
  }

  return {
    open(request) {
      const encoding = rawHeader(request, 'content-encoding');
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
        throw new BadRequest(415, 'the body is compressed; send it without Content-Encoding');
      }
      const length = rawHeader(request, 'content-length');
      if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
      return {read: () => read(request)};
    },
  };
}

interface ArrivingBody {
  readonly ended: Promise<void>;
  /** Stops reading; the rest of the body stays in the socket. */
  stop(): void;
}

/** Calls `take` with each chunk until the end, or until it throws. */
function eachChunk(request: Request, take: (chunk: Buffer) => void): ArrivingBody {
  const {promise: ended, resolve, reject} = Promise.withResolvers<void>();
  const onData = (chunk: Buffer) => {
    try {
      take(chunk);
    } catch (error) {
      reject(error);
      stop();
    }
  };
  let isWhole = false;
  const onEnd = () => {
    isWhole = true;
    resolve();
  };
  // Every request closes in the end: an error, with its stack, is only made where somebody waits for the body.
  const onBroken = () => isWhole || reject(new BadRequest(400, 'the connection ended before the body'));
  // The listener of `error` stays: without one, a connection that breaks later would end the process.
  request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  if (request.destroyed && !request.readableEnded) onBroken();

  function stop(): void {
    request.off('data', onData).pause();
  }
  return {ended, stop};
}

/** A header as it was sent: `serveFunction` removes the headers of bodies from `headers`. */
function rawHeader({rawHeaders}: Request, name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) return rawHeaders[index + 1]?.trim();
  }
  return undefined;
}

function tooLarge(maxBytes: number): BadRequest {
  return new BadRequest(413, `the body is larger than ${maxBytes} bytes`);
}

function tooSlow(): BadRequest {
  return new BadRequest(408, `the body took longer than ${MAX_BODY_MS / 1000} s`);
}
