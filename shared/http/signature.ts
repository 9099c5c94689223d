import type {Secret} from '../secret';

/**
 * Whether one of the secrets signed the body: HMAC-SHA256 over the raw bytes, compared in constant time. Several secrets, so that one is
 * rotated with overlap.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function isSigned(
  body: Buffer,
  signature: string | undefined,
  secrets: readonly Secret[],
): Promise<boolean> {
  if (!signature || body.length === 0) return false;
  // A body that is no valid UTF-8, which GitHub never sends, does not come through unchanged, so that no secret matches it.
  const payload = body.toString('utf8');
  methods ??= await import('@octokit/webhooks-methods');
  for (const secret of secrets) {
    if (await methods.verify(secret.reveal(), payload, signature)) return true;
  }
  return false;
}

/** The package can be imported and not required. */
let methods: typeof import('@octokit/webhooks-methods') | undefined;
