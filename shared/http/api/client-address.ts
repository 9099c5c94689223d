import {isIPv6} from 'node:net';
import type {Request} from '@google-cloud/functions-framework';

/**
 * Who asks, for the rate limit. Google's front end appends the address that it saw to `X-Forwarded-For`: the last entry is true, and those
 * before it are what the client likes to say. Where no front end is, the header is the client's altogether: the socket counts.
 * @see https://cloud.google.com/functions/docs/reference/headers
 */
export function clientAddress(request: Request, behindFrontEnd: boolean): string {
  const forwarded = request.get('x-forwarded-for')?.split(',').at(-1)?.trim();
  return network((behindFrontEnd && forwarded) || request.socket.remoteAddress || 'unknown');
}

/** Who has one IPv6 address has the 2⁶⁴ of its network. */
function network(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = [head.split(':'), address.includes('::') ? tail.split(':') : []].map((part) => part.filter(Boolean));
  const [first = [], last = []] = groups;
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}
