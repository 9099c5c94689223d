import {randomUUID} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';

export const IMDS_PATH = '/latest/';

/**
 * EC2's instance metadata service in version 2, as an instance has it that requires tokens.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export class Imds {
  /** Path below `/latest/meta-data/` → value; a test may change them at any time. */
  readonly values = new Map([['instance-id', 'i-0123456789abcdef0']]);
  private readonly tokens = new Set<string>();

  /** EC2 takes the spot VM back in two minutes. */
  interrupt(): void {
    this.values.set('spot/instance-action', '{"action":"terminate","time":"2026-11-21T10:02:00Z"}');
  }

  answer(request: IncomingMessage, path: string, response: ServerResponse): void {
    if (path === 'api/token') return void this.giveToken(request, response);
    if (!this.tokens.has(String(request.headers['x-aws-ec2-metadata-token']))) {
      return void response.writeHead(401).end('Unauthorized');
    }
    const value = this.values.get(path.replace(/^meta-data\//, ''));
    if (value === undefined) response.writeHead(404).end('Not Found');
    else response.writeHead(200).end(value);
  }

  private giveToken(request: IncomingMessage, response: ServerResponse): void {
    const seconds = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']);
    if (request.method !== 'PUT') return void response.writeHead(405).end();
    if (!(seconds >= 1 && seconds <= 21_600)) return void response.writeHead(400).end();
    const token = randomUUID();
    this.tokens.add(token);
    response.writeHead(200).end(token);
  }
}
