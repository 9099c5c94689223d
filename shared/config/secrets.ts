import {promises} from 'node:fs';
import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {NoVersion, Refused, Unavailable} from '../errors';
import type {Logger} from '../logger';
import {Secret} from '../secret';
import type {Emulators} from './config-types';
import type {SecretField, SecretReference, SecretSource} from './credentials';
import {type AccessResource, createSecretManager} from './secret-manager';

const RESOURCE_TTL_MS = 5 * MINUTE_MS;
const FILE_TTL_MS = 60_000;

/** How old a value may be that is used because a new one cannot be read. */
const MAX_STALENESS_MS = 60 * MINUTE_MS;

/** How long a failed read is not repeated, so that not every request waits for a read that fails. */
const RETRY_MS = 30_000;

export interface SecretReader {
  /**
   * The secret's values, the newest first, at least one. A resource without a version has two values while its former version is enabled.
   * Accept both when verifying; use the first when presenting the secret. Throws `Unavailable`.
   */
  read(source: SecretSource): Promise<Secret[]>;
  /** The cached value, which `read` would return without a request; undefined if `read` would send a request. */
  peek(source: SecretSource): Secret[] | undefined;
  /** Reads again, even if a value is cached. Other callers get the cached value meanwhile. Throws `Unavailable`. */
  readAfresh(source: SecretSource): Promise<Secret[]>;
  /** Reads the secret from where it is and keeps nothing. Throws `Unavailable` or `Refused`; a former value is no substitute. */
  check(source: SecretSource): Promise<void>;
  /** Makes the next `read` send a request. Called when the peer answered 401, because the value may have been rotated. */
  invalidate(source: SecretSource): void;
}

export interface SecretReaderOptions {
  readonly clock: Clock;
  /** Default: Secret Manager, or the emulator that `config` names; loaded when a resource is first read. */
  readonly accessResource?: AccessResource;
  readonly config?: {readonly emulators: Emulators};
  /** Default: the file system. */
  readonly readFile?: (path: string) => Promise<string>;
  /** Logs a warning when an old value is used because a new one cannot be read. */
  readonly logger?: Pick<Logger, 'warning'>;
}

interface CachedValues {
  readonly values: Secret[];
  /** When the values were read, in milliseconds since the epoch. */
  readonly readAt: number;
  /** Until when the values are used without a new read. */
  readonly untilMs: number;
}

/** Reads secrets at run time: a resource is cached for five minutes, a file for one; concurrent reads share one fetch. */
export function createSecretReader(options: SecretReaderOptions): SecretReader {
  const {clock, logger, readFile: readText = (path: string) => promises.readFile(path, 'utf8')} = options;
  const emulator = options.config?.emulators.secretManager;
  const accessResource = options.accessResource ?? createSecretManager(emulator ? {emulator} : {});
  const known = new TtlCache<CachedValues>(clock);

  async function fetch(source: SecretReference): Promise<Secret[]> {
    const texts = source.kind === 'file' ? [await readText(source.path)] : await accessResource(source.name);
    const values = texts
      .map((text) => fieldOf(text, source.field).replace(LINE_ENDS, ''))
      .filter((text) => text !== '');
    if (values.length === 0) throw new Error('it is empty');
    return (source.isList ? values.flatMap(partsOf) : values).map((text) => new Secret(text));
  }

  async function refresh(source: SecretReference): Promise<CachedValues> {
    try {
      const values = await fetch(source);
      const now = clock.now();
      return {values, readAt: now, untilMs: now + ttlMs(source)};
    } catch (error) {
      const message = `the secret ${nameOf(source)} cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`;
      const former = known.former(keyOf(source));
      if (!former || clock.now() - former.readAt > MAX_STALENESS_MS) {
        throw new Unavailable(message, 10, {cause: error});
      }
      logger?.warning(`${message}; its former value is used`, {decision: 'stale_secret', error});
      return {...former, untilMs: clock.now() + RETRY_MS};
    }
  }

  function peek(source: SecretSource): Secret[] | undefined {
    return source.kind === 'literal' ? [source.secret] : known.get(keyOf(source))?.values;
  }

  /** Reads the secret; concurrent callers share one fetch. */
  async function reload(source: SecretSource): Promise<Secret[]> {
    if (source.kind === 'literal') return [source.secret];
    const read = await known.reload(
      keyOf(source),
      () => refresh(source),
      ({untilMs}) => untilMs,
    );
    return read.values;
  }

  return {
    peek,
    async read(source) {
      return peek(source) ?? reload(source);
    },
    async readAfresh(source) {
      return reload(source);
    },
    async check(source) {
      if (source.kind === 'literal') return;
      try {
        await fetch(source);
      } catch (error) {
        const message = `the secret ${nameOf(source)} cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`;
        if (error instanceof Unavailable) throw new Unavailable(message, 10, {cause: error});
        throw error instanceof NoVersion ? new NoVersion(message) : new Refused(message);
      }
    },
    invalidate(source) {
      if (source.kind !== 'literal') known.expire(keyOf(source));
    },
  };
}

/** Line ends at the end of a value, which editors and `echo` add. */
const LINE_ENDS = /(?<![\r\n])[\r\n]+$/;

/** The secrets in a text, separated by commas. Throws if one is empty, because anybody could sign with an empty secret. */
function partsOf(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes(''))
    throw new Error('found an empty secret between commas; expected one secret, or several separated by commas');
  return parts;
}

/** The key in the cache. The same resource may be read as one secret and as several. */
function keyOf(source: SecretReference): string {
  return source.isList ? `several in ${nameOf(source)}` : nameOf(source);
}

function nameOf(source: SecretReference): string {
  const name = source.kind === 'file' ? `file:${source.path}` : source.name;
  return source.field ? `${name}#${source.field}` : name;
}

/** The whole secret, or a field of it. Errors quote nothing of the text. */
function fieldOf(text: string, field: SecretField | undefined): string {
  if (!field) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`it is no JSON; expected an object with the text ${field}`);
  }
  const found =
    typeof value === 'object' && value !== null && Object.hasOwn(value, field)
      ? (value as Record<string, unknown>)[field]
      : undefined;
  if (typeof found !== 'string') throw new Error(`it has no text ${field}; expected JSON, an object with it`);
  return found;
}

function ttlMs(source: SecretReference): number {
  return source.kind === 'file' ? FILE_TTL_MS : RESOURCE_TTL_MS;
}
