import {Secret} from '../secret';
import {SECRET} from './google-names';

/** Where a secret's value comes from. */
export type SecretSource =
  | {readonly kind: 'literal'; readonly secret: Secret}
  /** `projects/P/secrets/S` or `projects/P/secrets/S/versions/V` in Secret Manager. */
  | {readonly kind: 'resource'; readonly name: string; readonly isList?: true}
  /** A secret volume. `isList`: what it holds may be several secrets, separated by commas. */
  | {readonly kind: 'file'; readonly path: string; readonly isList?: true};

export const SECRET_FORMS = 'projects/P/secrets/S, projects/P/secrets/S/versions/V, file:<path>, or the value itself';

/** What a variable that holds a secret refers to; undefined for a reference that is malformed. */
export function parseSecretSource(text: string): SecretSource | undefined {
  if (text.startsWith('file:')) {
    const path = text.slice('file:'.length);
    return path ? {kind: 'file', path} : undefined;
  }
  if (text.startsWith('projects/')) return SECRET.test(text) ? {kind: 'resource', name: text} : undefined;
  return text ? {kind: 'literal', secret: new Secret(text)} : undefined;
}
