/**
 * What never belongs in a log line, whoever put it there: tokens, keys, and encoded JIT configs (long base64). Every repetition has a bound, or nothing but
 * the end can stop it: a message may quote a megabyte of somebody's making.
 */
const SECRETS = [
  /\bgh[pousr]_[A-Za-z0-9]{16,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b[Bb]earer\s+[A-Za-z0-9._~+/-]{16,}=*/g,
  /\beyJ[A-Za-z0-9_-]{8,1000}\.[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]+/g,
  /[A-Za-z0-9+/]{400,}={0,2}/g,
];

/** The text with everything that looks like a secret replaced by `***`. */
export function scrubSecrets(text: string): string {
  return SECRETS.reduce((scrubbed, pattern) => scrubbed.replace(pattern, '***'), text);
}
