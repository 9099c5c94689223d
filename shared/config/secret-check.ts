import type {Clock} from '../clock';
import type {Secret} from '../secret';
import type {SecretSource} from './credentials';
import type {SecretReader} from './secrets';

/** So often at most secrets are read afresh because nothing fitted: whoever sends nonsense shall not make us ask all the time. */
const AFRESH_EVERY_MS = 10_000;

/** Whether one of the secrets fits. Throws `Unavailable` when one cannot be read. */
export type SecretCheck = (fits: (secret: Secret) => boolean | Promise<boolean>) => Promise<boolean>;

/**
 * Tries every value of every secret. When none fits, one may have been rotated since it was read: they are read afresh, and those that are
 * new are tried. A cached value is good for minutes, and a rotation must not refuse what the new one signed in the meantime.
 */
export function createSecretCheck(
  sources: readonly SecretSource[],
  {secrets, clock}: {readonly secrets: SecretReader; readonly clock: Clock},
): SecretCheck {
  let readAfreshAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Secret[]> | undefined;
  const isRemote = sources.some(({kind}) => kind !== 'literal');

  return async (fits) => {
    const known = inHand(sources, secrets) ?? (await readAll(sources, (source) => secrets.read(source)));
    if (await anyFits(known, fits)) return true;
    if (!isRemote) return false;
    const tried = new Set(known.map((secret) => secret.reveal()));
    const read = (await afresh()).filter((secret) => !tried.has(secret.reveal()));
    return anyFits(read, fits);
  };

  /** Whoever comes while they are read waits for them, too. Nothing when they were read a moment ago. */
  async function afresh(): Promise<Secret[]> {
    if (reading) return reading;
    if (clock.now() - readAfreshAt < AFRESH_EVERY_MS) return [];
    readAfreshAt = clock.now();
    reading = readAll(sources, (source) => secrets.readAfresh(source)).finally(() => {
      reading = undefined;
    });
    return reading;
  }
}

/** All values, when nobody has to be asked. */
function inHand(sources: readonly SecretSource[], secrets: SecretReader): Secret[] | undefined {
  const values = sources.map((source) => secrets.inHand(source));
  return values.every((value) => value !== undefined) ? values.flat() : undefined;
}

async function readAll(
  sources: readonly SecretSource[],
  read: (source: SecretSource) => Promise<Secret[]>,
): Promise<Secret[]> {
  return (await Promise.all(sources.map(read))).flat();
}

/** Each is tried: how long it takes does not tell which one fits. */
async function anyFits(
  secrets: readonly Secret[],
  fits: (secret: Secret) => boolean | Promise<boolean>,
): Promise<boolean> {
  let found = false;
  for (const secret of secrets) {
    if (await fits(secret)) found = true;
  }
  return found;
}
