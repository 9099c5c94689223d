/** What looks like an encoded JIT config or another blob: longer than any name or number that a message needs. */
const BLOBS = [/[A-Za-z0-9+/]{64,}={0,2}/g, /[A-Za-z0-9_+-]{100,}={0,2}/g];

/** Shorter values (`true`, `1`) are no secrets, and replacing them would garble the message. */
const MIN_VALUE_LENGTH = 8;

/** A 400 can echo the whole request, start-up script and all. */
const MAX_LENGTH = 1000;

/**
 * A message of Compute Engine without metadata values and without anything like a JIT config, cut to a readable length.
 *
 * @param values the metadata values of the request, as they were sent.
 */
export function scrubMessage(message: string, values: readonly string[] = []): string {
  const known = values
    .filter((value) => value.length >= MIN_VALUE_LENGTH)
    .flatMap((value) => [value, JSON.stringify(value).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  const withoutValues = known.reduce((text, value) => text.replaceAll(value, '***'), message);
  const scrubbed = BLOBS.reduce((text, pattern) => text.replace(pattern, '***'), withoutValues);
  return scrubbed.length > MAX_LENGTH ? `${scrubbed.slice(0, MAX_LENGTH)}…` : scrubbed;
}
