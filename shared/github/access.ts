import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import type {RunnerScope} from '../model/scope';
import type {Random} from '../random';
import type {Secret} from '../secret';
import {type App, type AppCredentials, createApp} from './app';
import {createInstallations} from './installations';
import {authorize, type Connection, createOctokit} from './octokit';
import {installationTokens, personalToken, type TokenSource} from './tokens';

export interface TokenCredentials {
  readonly kind: 'token';
  /** Reads the personal access token. Called for each request; the reader of the secret caches it. */
  readonly token: () => Promise<Secret>;
  /** Called after a 401: the next call of `token` must read the secret again. */
  readonly invalidate?: () => void;
}

export type Credentials = AppCredentials | TokenCredentials;

/** Returns the octokit of an installation or of the user. May look the installation up; throws typed errors. */
export type OctokitFor = (scope: RunnerScope, installationId?: number) => Promise<Octokit>;

/** Access to GitHub with the configured credentials. */
export interface Access {
  readonly kind: Credentials['kind'];
  /** Undefined with a personal access token. */
  readonly app?: App;
  /** Creates a set of octokits, which shares the tokens with other sets. `prepare` is called once for each octokit. */
  octokits(prepare?: (octokit: Octokit) => void): OctokitFor;
}

export function createAccess(
  credentials: Credentials,
  connection: Connection,
  {clock, random}: {readonly clock: Clock; readonly random: Random},
): Access {
  const authorized = (tokens: TokenSource, prepare: ((octokit: Octokit) => void) | undefined): Octokit => {
    const octokit = createOctokit(connection);
    authorize(octokit, tokens, clock);
    prepare?.(octokit);
    return octokit;
  };

  if (credentials.kind === 'token') {
    const tokens = personalToken(credentials.token, credentials.invalidate);
    return {
      kind: 'token',
      octokits(prepare) {
        let octokit: Octokit | undefined;
        return async () => {
          octokit ??= authorized(tokens, prepare);
          return octokit;
        };
      },
    };
  }

  const app = createApp(credentials, connection, {clock, random});
  const installations = createInstallations(app, credentials.installationId, {clock, logger: connection.logger});
  const tokens = new Map<number, TokenSource>();
  const tokensOf = (id: number, scope: RunnerScope): TokenSource => {
    const known = tokens.get(id) ?? installationTokens(clock, () => installations.issueToken(id, scope));
    tokens.set(id, known);
    return known;
  };
  return {
    kind: 'app',
    app,
    octokits(prepare) {
      const octokits = new Map<number, Octokit>();
      return async (scope, installationId) => {
        const id = await installations.idFor(scope, installationId);
        const octokit = octokits.get(id) ?? authorized(tokensOf(id, scope), prepare);
        octokits.set(id, octokit);
        return octokit;
      };
    },
  };
}
