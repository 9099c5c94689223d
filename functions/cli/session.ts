import {readFileSync} from 'node:fs';
import type {Command} from 'commander';
import type {Clock} from '../../shared/clock';
import {type Environment, url as validUrl} from '../../shared/config/variables';
import type {Random} from '../../shared/random';
import {Secret} from '../../shared/secret';
import {ApiClient} from './client';
import {usage} from './failure';
import {identityToken} from './identity-token';
import {createTerminal, type Output, type Terminal, toJson} from './terminal';

/** What the command line has of its process. */
export interface Host {
  readonly env: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  /** All of it, once it has ended. */
  readonly stdin: () => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly url?: string;
  readonly secretFile?: string;
  readonly json?: boolean;
  readonly color: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** One command as it runs. */
export interface Session {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly json: boolean;
  /** Throws `Failure` without one. */
  readonly secret: () => Secret;
  /** Throws `Failure` without an address or a secret. */
  readonly client: () => ApiClient;
}

export function openSession(command: Command, host: Host): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  const terminal = createTerminal(host.stdout, host.stderr, host.env, !options.color);
  return {
    host,
    terminal,
    json: options.json === true,
    secret: () => secretOf(options, host.env),
    client: () =>
      new ApiClient({
        url: addressOf(options, host.env),
        secret: secretOf(options, host.env),
        timeoutMs: options.timeout * 1000,
        identityToken: () => identityToken(host.env),
        clock: host.clock,
        say: terminal.say,
      }),
  };
}

/** Prints what the API answered, for scripts. */
export function printJson({terminal}: Session, value: unknown): void {
  terminal.print(toJson(value, 2));
}

function addressOf({url}: GlobalOptions, env: Environment): string {
  const given = (url ?? env['SLIPWAY_API_URL'])?.trim();
  if (!given) {
    throw usage('found no address of api: set SLIPWAY_API_URL, or give --url (terraform output -raw api_url shows it)');
  }
  const valid = validUrl(given);
  if (!valid || new URL(valid).search) {
    const where = url === undefined ? 'SLIPWAY_API_URL' : '--url';
    throw usage(`${where}: expected an http or https URL without credentials, query and fragment`);
  }
  return valid.replace(/\/+$/, '');
}

/** Never from the command line itself, which other users of the machine see. */
function secretOf({secretFile}: GlobalOptions, env: Environment): Secret {
  const text = (secretFile === undefined ? env['SLIPWAY_API_SECRET'] : readSecret(secretFile))?.trim();
  if (!text) {
    throw usage(
      secretFile === undefined
        ? 'found no secret of api: set SLIPWAY_API_SECRET, or give --secret-file with the path of a file that holds it'
        : '--secret-file: found an empty file, expected the secret of api',
    );
  }
  // What HTTP takes in a header.
  if (!/^[\x21-\x7e]+$/.test(text)) throw usage('the secret of api has a space or a character that no header takes');
  // Of several, as RUNNER_MANAGER_SECRET may hold them, the first.
  return new Secret(text.split(',')[0]?.trim() || text);
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(`--secret-file: the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'an error'})`);
  }
}
