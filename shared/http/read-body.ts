import type {Request} from '@google-cloud/functions-framework';
import {withDeadline} from '../clock';
import {BadRequest, Unavailable} from '../errors';
import {ReceivedBody} from './received-body';

/** A body that takes longer to arrive is cut off. */
export const MAX_BODY_MS = 15_000;

/** What Cloud Tasks takes at most for a task; ours have about 1 KB. */
export const MAX_TASK_BYTES = 1024 * 1024;

/** Of all bodies that an instance is reading: an instance has 512 MiB and up to 80 requests at a time. */
const MAX_HELD_BYTES = 100 * 1024 * 1024;

/** A body up to here is read whatever the others hold: four slow ones of 25 MB must not keep out what is signed, which has about 30 KB. */
const ALWAYS_READ_BYTES = 256 * 1024;

/** A body that has not been read yet. */
export interface UnreadBody {
  /** As it was sent. Throws `BadRequest` (413, 408, 400) or `Unavailable`. */
  read(): Promise<ReceivedBody>;
}

export interface BodyReader {
  /** Throws `BadRequest`, 415 or 413, for what its headers say already; reads nothing. */
  open(request: Request): UnreadBody;
}

/**
 * Reads bodies as bytes, each at most `maxBytes` long and within 15 s. What a body says of itself is not believed: a compressed one is refused,
 * memory is taken as the bytes come, and nothing is parsed here.
 */
export function createBodyReader(maxBytes: number): BodyReader {
  let held = 0;

  async function read(request: Request): Promise<ReceivedBody> {
    const body = new ReceivedBody();
    const arriving = eachChunk(request, (chunk) => {
      const length = body.length + chunk.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      if (length > ALWAYS_READ_BYTES && held + chunk.length > MAX_HELD_BYTES)
        throw new Unavailable('other bodies take all memory now', 10);
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

interface Arriving {
  readonly ended: Promise<void>;
  /** What comes later stays outside. */
  stop(): void;
}

/** Calls `take` with each chunk until the end, or until it throws. */
function eachChunk(request: Request, take: (chunk: Buffer) => void): Arriving {
  const {promise: ended, resolve, reject} = Promise.withResolvers<void>();
  const onData = (chunk: Buffer) => {
    try {
      take(chunk);
    } catch (error) {
      reject(error);
      stop();
    }
  };
  const onBroken = () => reject(new BadRequest(400, 'the connection ended before the body'));
  // One listener stays: nobody else hears of a connection that breaks later.
  request.on('data', onData).on('end', resolve).on('error', onBroken).on('close', onBroken);
  if (request.destroyed && !request.readableEnded) onBroken();

  function stop(): void {
    request.off('data', onData).pause();
  }
  return {ended, stop};
}

/** A header as it came: those of the body are hidden from the framework. */
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
