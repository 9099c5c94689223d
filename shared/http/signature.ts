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
  const {verify} = await methods();
  for (const secret of secrets) {
    if (await verify(secret.reveal(), payload, signature)) return true;
  }
  return false;
}

let loaded: ReturnType<typeof load> | undefined;

/** Loaded once: looking for it again costs each request something. */
function methods(): ReturnType<typeof load> {
  loaded ??= load();
  return loaded;
}

/** The package can be imported and not required. */
async function load() {
  return import('@octokit/webhooks-methods');
}
