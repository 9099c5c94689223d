import {hmacSha256, isSame} from '../hmac';
import type {Secret} from '../secret';
import type {ReceivedBody} from './received-body';

/** A larger body is not made text of before it is known who sent it: the text and its copies would take four times its size. */
const MAX_TEXT_BYTES = 1024 * 1024;

/**
 * Whether the secret signed the body: HMAC-SHA256 over the raw bytes, compared in constant time.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function isSigned(body: ReceivedBody, signature: string, secret: Secret): Promise<boolean> {
  if (body.length === 0) return false;
  if (body.length > MAX_TEXT_BYTES) return isSame(signature, hmacSha256(secret, ...body.parts()));
  methods ??= await import('@octokit/webhooks-methods');
  // A body that is no valid UTF-8, which GitHub never sends, does not come through unchanged, so that no secret matches it.
  return methods.verify(secret.reveal(), body.bytes().toString('utf8'), signature);
}

/** The package can be imported and not required. */
let methods: typeof import('@octokit/webhooks-methods') | undefined;
