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

/** Parses the parts of the input by their schemas and collects every error; `throwIfAny` throws them as one problem `invalid-request`. */
export class InputReader {
  readonly #raw: RawInput;
  readonly #errors: InvalidPart[] = [];

  constructor(raw: RawInput) {
    this.#raw = raw;
  }

  read<S extends z.ZodType>(part: Part, schema: S): z.output<S> | undefined {
    const parsed = schema.safeParse(this.#raw[part]);
    if (parsed.success) return parsed.data;
    for (const {path, message} of parsed.error.issues) this.#errors.push({in: part, path: path.join('.'), message});
    return undefined;
  }

  throwIfAny(): void {
    if (this.#errors.length === 0) return;
    const messages = this.#errors.map(
      ({in: part, path, message}) => `${[part, path].filter(Boolean).join(' ')}: ${message}`,
    );
    throw new Problem('invalid-request', messages.join('; '), {errors: this.#errors});
  }
}
