import {createHash} from 'node:crypto';
import type {IncomingHttpHeaders} from 'node:http';
import {MINUTE_MS} from '../durations';
import {LeaseHeld} from '../errors';
import {Problem} from '../http/errors';
import {JSON_TYPE, type Reply} from '../http/server';
import {claimKey, type KeyDocument, keyId} from '../model/lease';
import type {Context} from '../ports';
import {invalidInput} from './input';

/** Longer than the time-out of a request: an execution that still holds a key after this time has crashed. */
const LEASE_MS = 5 * MINUTE_MS;

/** Two requests with equal fields are the same request. */
export interface RequestIdentity {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly query: object;
  readonly body: unknown;
}

/**
 * Does the work once for each key. A repeated request gets the first answer, a different request with the same key gets 422, and a request
 * that arrives while the first is in progress gets 409. A request that failed can be retried with the same key.
 */
export async function onlyOnce(
  context: Context,
  {key, ...identity}: RequestIdentity,
  work: () => Promise<Reply>,
): Promise<Reply> {
  const request = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  const holder = context.random.uuid();
  const before = await claim(context, {key: `api/${key}`, request, holder});
  if (before) return replay(before);
  try {
    const reply = await work();
    const answer = {status: reply.status, body: String(reply.body?.content ?? '')};
    await settle(context, key, holder, (document) => ({...document, state: 'done', answer}));
    return reply;
  } catch (error) {
    // A refused request has changed nothing, so the corrected request may use the key.
    const refused = error instanceof Problem;
    await settle(context, key, holder, (document) =>
      refused ? undefined : {...document, leaseUntil: context.clock.now()},
    );
    throw error;
  }
}

/** The document of the first request if that request is done; undefined if this request has claimed the key. */
async function claim(
  {store, clock}: Context,
  {key, request, holder}: {key: string; request: string; holder: string},
): Promise<KeyDocument | undefined> {
  const now = clock.now();
  return store.transaction(async (transaction) => {
    const existing = await transaction.get('keys', keyId(key));
    if (existing && existing.request !== request) {
      throw new Problem(
        'idempotency-key-reused',
        'found the Idempotency-Key of another request; use a new key for each request',
      );
    }
    const claimed = claimKey(existing, {key, holder, leaseMs: LEASE_MS, now});
    if (claimed.kind === 'done') return existing;
    if (claimed.kind === 'held') throw new LeaseHeld('the first request with this Idempotency-Key is in progress', 5);
    transaction.set('keys', keyId(key), {...claimed.document, request});
    return undefined;
  });
}

async function settle(
  {store}: Context,
  key: string,
  holder: string,
  change: (document: KeyDocument) => KeyDocument | undefined,
): Promise<void> {
  const id = keyId(`api/${key}`);
  await store.transaction(async (transaction) => {
    const document = await transaction.get('keys', id);
    if (document?.holder !== holder) return;
    const changed = change(document);
    if (changed) transaction.set('keys', id, changed);
    else transaction.delete('keys', id);
  });
}

function replay({answer}: KeyDocument): Reply {
  return {
    status: answer?.status ?? 200,
    headers: {'Idempotent-Replayed': 'true'},
    body: {type: JSON_TYPE, content: answer?.body ?? '{}'},
  };
}

/**
 * The request's `Idempotency-Key`; undefined if there is none. The key with quotes, as in a structured header, and without them is the same key.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
 */
export function idempotencyKey(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = [header]
    .flat()
    .join(',')
    .trim()
    .replace(/^"(.*)"$/, '$1');
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key;
  throw invalidInput(
    'header',
    'Idempotency-Key',
    'expected 1 to 255 letters, digits, spaces or punctuation marks of ASCII, such as a UUID',
  );
}
