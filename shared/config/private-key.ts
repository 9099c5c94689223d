import {createPrivateKey} from 'node:crypto';

export type PrivateKey =
  | {readonly kind: 'pem'; readonly pem: string}
  /** `found` says what it looks like and nothing of its content. */
  | {readonly kind: 'invalid'; readonly found: string; readonly expected: string};

const EXPECTED = 'the RSA private key that GitHub offers for download, as PEM, PEM with \\n escapes, or base64 of PEM';

/**
 * A GitHub App's private key as PKCS#8 PEM, from PEM (PKCS#1, as GitHub makes it, or PKCS#8), from PEM whose line ends an
 * environment file turned into `\n` or into spaces, or from base64 of PEM.
 */
export function parsePrivateKey(text: string): PrivateKey {
  const pem = findPem(text) ?? findPem(Buffer.from(text, 'base64').toString('utf8'));
  if (!pem) return {kind: 'invalid', found: 'text that is neither PEM nor base64 of PEM', expected: EXPECTED};
  if (pem.label.startsWith('ENCRYPTED') || pem.body.includes('ENCRYPTED')) {
    return {kind: 'invalid', found: 'an encrypted private key', expected: EXPECTED};
  }
  if (!pem.label.endsWith('PRIVATE KEY')) {
    return {kind: 'invalid', found: 'PEM that holds no private key', expected: EXPECTED};
  }
  try {
    const key = createPrivateKey(rewrap(pem));
    if (key.asymmetricKeyType === 'rsa') {
      return {kind: 'pem', pem: key.export({type: 'pkcs8', format: 'pem'}).toString()};
    }
    return {kind: 'invalid', found: `a private key of type ${key.asymmetricKeyType}`, expected: EXPECTED};
  } catch {
    // OpenSSL's reason ("unsupported", "wrong tag") tells an operator nothing.
    return {kind: 'invalid', found: 'PEM that is damaged or cut short', expected: EXPECTED};
  }
}

interface Pem {
  readonly label: string;
  readonly body: string;
}

function findPem(text: string): Pem | undefined {
  const match = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]+?)-----END \1-----/.exec(text.replaceAll(/\\r|\\n/g, '\n'));
  return match?.[1] && match[2] ? {label: match[1], body: match[2]} : undefined;
}

function rewrap({label, body}: Pem): string {
  const lines = body.replaceAll(/\s+/g, '').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
