import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import type {RunnerScope} from '../model/scope';
import type {Random} from '../random';
import type {Secret} from '../secret';
import {type App, type AppCredentials, createApp} from './app';
import {authorize} from './authorize';
import {createInstallations} from './installations';
import {type Connection, createOctokit} from './octokit';
import {installationTokens, personalToken, type TokenSource} from './tokens';

export interface TokenCredentials {
  readonly kind: 'token';
  /** A personal access token; read at each request, kept by whoever reads the secret. */
  readonly token: () => Promise<Secret>;
  /** Called after a 401: the next `token()` has to look anew. */
  readonly invalidate?: () => void;
}

export type Credentials = AppCredentials | TokenCredentials;

/** The octokit of an installation, or of the one user. */
export type OctokitFor = (scope: RunnerScope, installationId?: number) => Promise<Octokit>;

export interface Connected {
  readonly octokitFor: OctokitFor;
  /** Absent with a token. */
  readonly app?: App;
}

/** `prepare` is called once with each octokit that is made. */
export function connect(
  credentials: Credentials,
  connection: Connection,
  {clock, random}: {readonly clock: Clock; readonly random: Random},
  prepare: (octokit: Octokit) => void = () => undefined,
): Connected {
  const authorized = (tokens: TokenSource): Octokit => {
    const octokit = createOctokit(connection);
    authorize(octokit, tokens);
    prepare(octokit);
    return octokit;
  };
  if (credentials.kind === 'token') {
    const octokit = authorized(personalToken(credentials.token, credentials.invalidate));
    return {octokitFor: async () => octokit};
  }

  const app = createApp(credentials, connection, {clock, random});
  const installations = createInstallations(app, credentials.installationId, {clock, logger: connection.logger});
  const octokits = new Map<number, Octokit>();
  return {
    app,
    async octokitFor(scope, installationId) {
      const id = await installations.idFor(scope, installationId);
      const octokit =
        octokits.get(id) ?? authorized(installationTokens(clock, () => installations.issueToken(id, scope)));
      octokits.set(id, octokit);
      return octokit;
    },
  };
}
