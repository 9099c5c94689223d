import {createPrivateKey} from 'node:crypto';
import {createAppAuth} from '@octokit/auth-app';
import {RequestError} from '@octokit/request-error';
import type {Octokit} from '@octokit/rest';
import {SignJWT} from 'jose';
import type {Clock} from '../clock';
import {type RunnerScope, scopePath} from '../model/scope';
import type {Random} from '../random';
import type {Secret} from '../secret';
import {classify, isRefusedWith, unreadable} from './errors';
import type {AppInstallation, Listed} from './github';
import {readListWith, toListed} from './lists';
import {type Connection, createOctokit} from './octokit';
import type {GitHubCall} from './refusals';
import {readInstallation, readInstallationId, readInstallationToken} from './responses';
import type {IssuedToken} from './tokens';

/** Validity of a JWT: GitHub accepts at most ten minutes. The start is backdated, because the clock of the process may be ahead. */
const JWT_BACKDATED_SECONDS = 60;

const JWT_SECONDS = 10 * 60;

export interface AppCredentials {
  readonly kind: 'app';
  /** A function reads the id from a secret, for each JWT. */
  readonly appId: string | number | (() => Promise<number>);
  /**
   * Reads the private key (PEM). Called for each JWT, so that a new key takes effect without a deployment; the reader of the secret caches it.
   */
  readonly privateKey: () => Promise<Secret>;
  /** Called after a 401: the next calls of `privateKey` and `appId` must read the secrets again. */
  readonly invalidate?: () => void;
  /** Installation for scopes whose webhook named none. 0 or undefined: looked up. */
  readonly installationId?: number;
}

/** Calls to GitHub as the App itself. */
export interface App {
  issueToken(installationId: number): Promise<IssuedToken>;
  /** Finds the installation on the account of a scope. Throws `Refused` if there is none. */
  findInstallation(scope: RunnerScope): Promise<number>;
  /** Whether the App is installed for the scope, and not suspended there. */
  actsFor(scope: RunnerScope): Promise<boolean>;
  /** Whether the installation exists, suspended or not. */
  hasInstallation(installationId: number): Promise<boolean>;
  /** Makes any other call as the App. Throws typed errors. */
  ask<T>(call: GitHubCall, work: (octokit: Octokit) => Promise<T>): Promise<T>;
}

/**
 * Creates the App. auth-app signs each request with a JWT, and repeats a request whose JWT GitHub refuses because of its clock. The JWT is
 * created here: with the current key, the clock of the process, and an id, without which two JWTs of one second would be the same.
 *
 * @see https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
 */
export function createApp(
  credentials: AppCredentials,
  connection: Connection,
  {clock, random}: {readonly clock: Clock; readonly random: Random},
): App {
  const {appId} = credentials;
  const identity = async () => ({
    appId: typeof appId === 'function' ? await appId() : appId,
    key: await credentials.privateKey(),
  });
  const octokit = createOctokit(connection, {
    authStrategy: createAppAuth,
    auth: {
      // auth-app insists on an id and only hands it to `createJwt`.
      appId: typeof appId === 'function' ? 'read from its secret' : appId,
      async createJwt(_appId: string | number, aheadSeconds = 0) {
        const nowSeconds = Math.floor(clock.now() / 1000) + aheadSeconds;
        return signJwt({...(await identity()), nowSeconds, id: random.uuid()});
      },
    },
  });

  async function asApp<T>(call: GitHubCall, work: (octokit: Octokit) => Promise<T>): Promise<T> {
    try {
      const before = await identity();
      try {
        return await work(octokit);
      } catch (error) {
        if (!(error instanceof RequestError) || error.status !== 401) throw error;
        credentials.invalidate?.();
        const again = await identity();
        if (again.appId === before.appId && again.key.reveal() === before.key.reveal()) throw error;
        return await work(octokit);
      }
    } catch (error) {
      throw classify(error, call, {nowMs: clock.now(), credentials: 'app'});
    }
  }

  return {
    ask: asApp,
    issueToken(installationId) {
      const call: GitHubCall = {kind: 'token', installationId};
      return asApp(call, async () => {
        const {data}: {data: unknown} = await octokit.rest.apps.createInstallationAccessToken({
          installation_id: installationId,
        });
        const issued = readInstallationToken(data);
        if (!issued) throw unreadable(call, 'no token with a time of expiry');
        return issued;
      });
    },
    findInstallation(scope) {
      const call: GitHubCall = {kind: 'installation', scope};
      return asApp(call, async () => {
        const {data}: {data: unknown} = await octokit.request(`GET ${scopePath(scope)}/installation`);
        const id = readInstallationId(data);
        if (id === undefined) throw unreadable(call, 'no installation id');
        return id;
      });
    },
    actsFor(scope) {
      const call: GitHubCall = {kind: 'installation', scope};
      return asApp(call, async () => {
        try {
          const {data}: {data: unknown} = await octokit.request(`GET ${scopePath(scope)}/installation`);
          const installation = readInstallation(data);
          if (!installation) throw unreadable(call, 'no installation');
          return !installation.isSuspended;
        } catch (error) {
          if (isRefusedWith(error, 404)) return false;
          throw error;
        }
      });
    },
    hasInstallation(installationId) {
      const call: GitHubCall = {kind: 'token', installationId};
      return asApp(call, async () => {
        try {
          await octokit.rest.apps.getInstallation({installation_id: installationId});
          return true;
        } catch (error) {
          if (error instanceof RequestError && error.status === 404) return false;
          throw error;
        }
      });
    },
  };
}

/** The accounts' installations of the App. */
export async function listInstallations({ask}: App): Promise<Listed<AppInstallation>> {
  const call: GitHubCall = {
    kind: 'discovery',
    scope: {kind: 'organization', org: '*'},
    what: 'the installations of the App',
    permission: 'metadata',
  };
  const found = await readListWith(call, (work) => ask(call, work), '/app/installations', {isArray: true});
  return toListed(call, found, readInstallation);
}

interface NewJwt {
  readonly appId: string | number;
  readonly key: Secret;
  readonly nowSeconds: number;
  /** Makes the JWT unique. GitHub may answer 404 to two equal JWTs, which are otherwise signed in the same second. */
  readonly id: string;
}

async function signJwt({appId, key, nowSeconds, id}: NewJwt) {
  const issuedAt = nowSeconds - JWT_BACKDATED_SECONDS;
  const expires = issuedAt + JWT_SECONDS;
  const jwt = await new SignJWT()
    .setProtectedHeader({alg: 'RS256', typ: 'JWT'})
    .setIssuer(String(appId))
    .setIssuedAt(issuedAt)
    .setExpirationTime(expires)
    .setJti(id)
    .sign(createPrivateKey(key.reveal()));
  return {jwt, expiresAt: new Date(expires * 1000).toISOString()};
}
