import type {Request} from '@google-cloud/functions-framework';
import type * as z from 'zod';
import {type InvalidPart, Problem} from '../http/errors';

export const MAX_BODY_BYTES = 64 * 1024;

/** The input of a request before it is validated. */
export interface RawInput {
  readonly path: Readonly<Record<string, string>>;
  /** A parameter that is given several times is a list, which every schema rejects. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Parsed JSON; an empty object when there is no body. */
  readonly body: unknown;
}

export function readQuery(request: Request): RawInput['query'] {
  const {searchParams} = new URL(request.originalUrl, 'http://localhost');
  const names = [...new Set(searchParams.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = searchParams.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

/** Parses a body as JSON and ignores the content type, because curl labels JSON as a form. Throws the problem `invalid-json`. */
export function parseBody(body: Buffer): unknown {
  const text = body.toString('utf8').trim();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('invalid-json', 'the body cannot be read as JSON; expected an object, or no body');
  }
}

type Part = keyof RawInput;

/** The problem of one invalid part of a request. `path`: dotted; empty for the whole part. */
export function invalidInput(part: InvalidPart['in'], path: string, message: string): Problem {
  return new Problem('invalid-request', describePart({in: part, path, message}), {
    errors: [{in: part, path, message}],
  });
}

function describePart({in: part, path, message}: InvalidPart): string {
  return `${[part, path].filter(Boolean).join(' ')}: ${message}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** What was expected, in words, where the schema does not say it itself. */
const wording: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type': {
      const expected = `expected ${TYPES[issue.expected] ?? `a ${issue.expected}`}`;
      return issue.input === undefined ? `nothing is given; ${expected}` : expected;
    }
    case 'unrecognized_keys':
      return `${issue.keys.join(', ')} is not known here`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`;
    case 'too_small':
      return `expected at least ${amount(Number(issue.minimum), issue.origin)}`;
    case 'too_big':
      return `expected at most ${amount(Number(issue.maximum), issue.origin)}`;
    case 'invalid_format':
      return issue.format === 'datetime'
        ? 'expected a time such as 2026-11-01T12:00:00Z'
        : `expected another form (${issue.format})`;
    default:
      return undefined;
  }
};

function amount(number: number, origin: string): string {
  if (origin === 'string') return `${number} ${number === 1 ? 'character' : 'characters'}`;
  return origin === 'array' ? `${number} ${number === 1 ? 'entry' : 'entries'}` : String(number);
}

/** Parses the parts of the input by their schemas and collects every error; `throwIfAny` throws them as one problem `invalid-request`. */
export class InputReader {
  readonly #raw: RawInput;
  readonly #errors: InvalidPart[] = [];

  constructor(raw: RawInput) {
    this.#raw = raw;
  }

  read<S extends z.ZodType>(part: Part, schema: S): z.output<S> | undefined {
    const parsed = schema.safeParse(this.#raw[part], {error: wording});
    if (parsed.success) return parsed.data;
    for (const {path, message} of parsed.error.issues) this.#errors.push({in: part, path: path.join('.'), message});
    return undefined;
  }

  throwIfAny(): void {
    if (this.#errors.length === 0) return;
    throw new Problem('invalid-request', this.#errors.map(describePart).join('; '), {errors: this.#errors});
  }
}
