import {inspect, stripVTControlCharacters} from 'node:util';

/** Text that looks like an encoded JIT config or another blob: longer than any name or number in a message. */
const BLOBS = [/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{64,}={0,2}/g, /(?<![A-Za-z0-9_+-])[A-Za-z0-9_+-]{100,}={0,2}/g];

/** Shorter values (`true`, `1`) are no secrets, and replacing them would garble the message. */
const MIN_VALUE_LENGTH = 8;

/** A 400 of Compute Engine can quote the whole request, including the start-up script. */
const MAX_LENGTH = 1000;

/**
 * A message of Compute Engine without metadata values and without text that looks like a JIT config, cut to a readable length.
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

/**
 * Secrets that must never be in a log line: tokens, keys and encoded JIT configs (long base64). Every repetition in these patterns is bounded
 * or cannot backtrack, because a message may quote a megabyte of text from outside.
 */
const SECRETS = [
  /\bgh[pousr]_[A-Za-z0-9]{16,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b[Bb]earer\s+[A-Za-z0-9._~+/-]{16,}=*/g,
  /\beyJ[A-Za-z0-9_-]{8,1000}\.[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]+/g,
  // Only the beginning of a run is tried: a shorter one is then read once, not from each of its characters.
  /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{400,}={0,2}/g,
];

/** The text, in which `***` replaces everything that looks like a secret. */
export function scrubSecrets(text: string): string {
  return SECRETS.reduce((scrubbed, pattern) => scrubbed.replace(pattern, '***'), text);
}

/**
 * The text without terminal sequences, control characters and characters that are not seen, which could also hide a secret from
 * `scrubSecrets`. Its lines stay; a tab becomes a space.
 */
export function withoutControls(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?/g, '\n')
    .replaceAll('\t', ' ')
    .replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '');
}

/** Credentials that are recognisable by their beginning, such as tokens of GitHub and PEM, also in base64. */
export const MARKED_CREDENTIALS = /-----BEGIN[\s\S]*|LS0tLS1CRUdJT[\s\S]*|\b(gh[a-z]_|github_pat_)\w+/g;

/** A value that is printed as `***` when it is logged, serialised or interpolated. Only `reveal()` returns the value. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}
