import {createHmac} from 'node:crypto';

/** `X-Slipway-Signature` of a task: HMAC-SHA256 over its name, a newline and its body. */
export function signTask(name: string, body: string | Buffer, key: string): string {
  return `sha256=${createHmac('sha256', key).update(`${name}\n`).update(body).digest('hex')}`;
}
