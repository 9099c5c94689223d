import {verify} from 'node:crypto';
import type {App} from '../app';
import {JWT_LIFE} from '../limits';
import type {GitHubWorld} from '../model';
import {GitHubRefusal} from '../refusal';

/** How far a client's clock may be ahead. */
const SKEW_SECONDS = 60;

interface Claims {
  readonly iss?: unknown;
  readonly iat?: unknown;
  readonly exp?: unknown;
}

/**
 * The App that the JWT is of. Checks it: RS256 with its key, `iss`, `iat` not in the future, `exp` at most ten minutes ahead. Throws 401
 * in GitHub's words, which auth-app looks at to tell a wrong clock.
 * @see https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export function checkAppJwt(world: GitHubWorld, jwt: string): App {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const claims = readPart(payload) as Claims | undefined;
  const algorithm = readPart(header)?.['alg'];
  if (!claims || algorithm !== 'RS256') throw refused('A JSON web token could not be decoded');
  const signed = Buffer.from(`${header}.${payload}`);
  const app = world.apps.find(({id}) => String(id) === String(claims.iss)) ?? world.app;
  if (!verify('RSA-SHA256', signed, app.publicKey, Buffer.from(signature, 'base64url'))) {
    throw refused('A JSON web token could not be decoded');
  }
  if (String(claims.iss) !== String(app.id)) {
    throw refused("'Issuer' claim ('iss') must be an Integer: the id of an App");
  }
  const now = world.authClock.now() / 1000;
  if (typeof claims.iat !== 'number' || claims.iat > now + SKEW_SECONDS) {
    throw refused("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
  }
  if (typeof claims.exp !== 'number' || claims.exp <= now) {
    throw refused(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (claims.exp > now + JWT_LIFE / 1000 + SKEW_SECONDS) {
    throw refused("'Expiration time' claim ('exp') is too far in the future");
  }
  return app;
}

function readPart(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function refused(message: string): GitHubRefusal {
  return new GitHubRefusal(401, message);
}
