import {SECRET} from '../model/names';
import {Secret} from '../secret';

/** Where a secret's value comes from. */
export type SecretSource =
  | {readonly kind: 'literal'; readonly secret: Secret}
  /** `projects/P/secrets/S` or `projects/P/secrets/S/versions/V` in Secret Manager. */
  | {readonly kind: 'resource'; readonly name: string; readonly field?: SecretField; readonly isList?: true}
  /** A secret volume. `isList`: what it holds may be several secrets, separated by commas. */
  | {readonly kind: 'file'; readonly path: string; readonly field?: SecretField; readonly isList?: true};

/** Of a secret that is JSON. */
export type SecretField = 'token' | 'secret';

export const SECRET_FORMS = 'projects/P/secrets/S, projects/P/secrets/S/versions/V, file:<path>, or the value itself';

const FIELD = /#(token|secret)$/;

/** Whether the text refers to a secret that is elsewhere, well-formed or not. */
export function isSecretReference(text: string): boolean {
  return text.startsWith('file:') || text.startsWith('projects/');
}

/** What a variable that holds a secret refers to, `#token` or `#secret` behind it a field of JSON; undefined for a malformed reference. */
export function parseSecretSource(text: string): SecretSource | undefined {
  const field = isSecretReference(text) ? (FIELD.exec(text)?.[1] as SecretField | undefined) : undefined;
  const source = parseReference(field ? text.slice(0, -field.length - 1) : text);
  return source && field && source.kind !== 'literal' ? {...source, field} : source;
}

function parseReference(text: string): SecretSource | undefined {
  if (text.startsWith('file:')) {
    const path = text.slice('file:'.length);
    return path ? {kind: 'file', path} : undefined;
  }
  if (text.startsWith('projects/')) return SECRET.test(text) ? {kind: 'resource', name: text} : undefined;
  return text ? {kind: 'literal', secret: new Secret(text)} : undefined;
}
