import type {Clock} from '../clock';
import type {Secret} from '../secret';
import type {SecretSource} from './credentials';
import type {SecretReader} from './secrets';

/** The shortest interval between two fresh reads after a mismatch, so that requests with wrong secrets do not cause a read each. */
const AFRESH_EVERY_MS = 10_000;

/** Whether `matches` is true for one of the secrets. Throws `Unavailable` if a secret cannot be read. */
export type SecretCheck = (matches: (secret: Secret) => boolean | Promise<boolean>) => Promise<boolean>;

/**
 * Tries every value of every secret. If none matches, a secret may have been rotated since it was read: all are read afresh, and new values are
 * tried. Values are cached for minutes, and a request that was signed with a rotated secret must not be refused meanwhile.
 */
export function createSecretCheck(
  sources: readonly SecretSource[],
  {secrets, clock}: {readonly secrets: SecretReader; readonly clock: Clock},
): SecretCheck {
  let readAfreshAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Secret[]> | undefined;
  const isRemote = sources.some(({kind}) => kind !== 'literal');

  return async (matches) => {
    const known = peekAll(sources, secrets) ?? (await readAll(sources, (source) => secrets.read(source)));
    if (await anyMatches(known, matches)) return true;
    if (!isRemote) return false;
    const tried = new Set(known.map((secret) => secret.reveal()));
    const read = (await afresh()).filter((secret) => !tried.has(secret.reveal()));
    return anyMatches(read, matches);
  };

  /**
   * Reads all secrets afresh. Concurrent callers share one read that began less than `AFRESH_EVERY_MS` ago. Empty if the last one began in that
   * time and has ended.
   */
  async function afresh(): Promise<Secret[]> {
    if (clock.now() - readAfreshAt < AFRESH_EVERY_MS) return reading ?? [];
    readAfreshAt = clock.now();
    const read = readAll(sources, (source) => secrets.readAfresh(source)).finally(() => {
      if (reading === read) reading = undefined;
    });
    reading = read;
    return read;
  }
}

/** All values, if every secret is cached. */
function peekAll(sources: readonly SecretSource[], secrets: SecretReader): Secret[] | undefined {
  const values = sources.map((source) => secrets.peek(source));
  return values.every((value) => value !== undefined) ? values.flat() : undefined;
}

async function readAll(
  sources: readonly SecretSource[],
  read: (source: SecretSource) => Promise<Secret[]>,
): Promise<Secret[]> {
  return (await Promise.all(sources.map(read))).flat();
}

/** Tries every secret even after a match, so that the time does not tell which one matches. */
async function anyMatches(
  secrets: readonly Secret[],
  matches: (secret: Secret) => boolean | Promise<boolean>,
): Promise<boolean> {
  let found = false;
  for (const secret of secrets) {
    if (await matches(secret)) found = true;
  }
  return found;
}
