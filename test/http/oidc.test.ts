import {Forbidden, Unauthenticated, Unavailable} from '../../shared/errors';
import {createOidcVerifier, type OidcOptions} from '../../shared/http/oidc';
import {OidcIssuer} from '../emulators/oidc';
import {VirtualScheduler} from '../emulators/scheduler';

const AUDIENCE = 'https://provision.example';
const EMAIL = 'tasks@p.iam.gserviceaccount.com';

const clock = new VirtualScheduler();
let google: OidcIssuer;
let somebody: OidcIssuer;
let jwksUrl: string;

beforeAll(async () => {
  google = await OidcIssuer.create(clock);
  somebody = await OidcIssuer.create(clock);
  jwksUrl = await google.listen();
});
afterAll(() => google.close());

function verify(authorization: string | undefined, overrides: Partial<OidcOptions> = {}): Promise<void> {
  return createOidcVerifier({audience: AUDIENCE, serviceAccount: EMAIL, jwksUrl, mode: 'verify', clock, ...overrides})(
    authorization,
  );
}

const token = (claims: Record<string, unknown> = {}) => google.token({audience: AUDIENCE, email: EMAIL, ...claims});
const unsigned = (jwt: string) => `${jwt.slice(0, jwt.lastIndexOf('.'))}.SIGNATURE_REMOVED_BY_GOOGLE`;
const hoursFromNow = (hours: number) => Math.floor(clock.now() / 1000) + hours * 3600;

describe.each(['verify', 'platform'] as const)('an internal call (INTERNAL_AUTH=%s)', (mode) => {
  const asSeen = async (claims?: Record<string, unknown>) =>
    `Bearer ${mode === 'platform' ? unsigned(await token(claims)) : await token(claims)}`;

  test('of the tasks’ service account passes', async () => {
    await expect(verify(await asSeen(), {mode})).resolves.toBeUndefined();
  });

  test.each([
    ['for another audience', {aud: 'https://stop.example'}],
    ['of another issuer', {iss: 'https://evil.example'}],
    ['that expired', {exp: hoursFromNow(-1)}],
  ])('with a token %s is refused with 401', async (_, claims) => {
    await expect(verify(await asSeen(claims), {mode})).rejects.toThrow(Unauthenticated);
  });

  test.each([
    ['of another account', {email: 'other@p.iam.gserviceaccount.com'}],
    ['whose e-mail is not verified', {email_verified: false}],
  ])('with a token %s is refused with 403', async (_, claims) => {
    await expect(verify(await asSeen(claims), {mode})).rejects.toThrow(Forbidden);
  });

  test.each([
    ['no header', undefined],
    ['no bearer', 'Basic dXNlcjpwYXNz'],
    ['no token', 'Bearer hello'],
  ])('with %s is refused with 401', async (_, authorization) => {
    await expect(verify(authorization, {mode})).rejects.toThrow(Unauthenticated);
  });
});

describe('a token', () => {
  test('without a signature is refused where the platform has not verified it', async () => {
    await expect(verify(`Bearer ${unsigned(await token())}`)).rejects.toThrow(Unauthenticated);
  });

  test('of algorithm none is refused', async () => {
    const none = Buffer.from(JSON.stringify({alg: 'none', typ: 'JWT'})).toString('base64url');
    await expect(verify(`Bearer ${none}.${(await token()).split('.')[1]}.`)).rejects.toThrow(Unauthenticated);
  });

  test('signed with somebody else’s key is refused', async () => {
    const forged = await somebody.token({audience: AUDIENCE, email: EMAIL});
    await expect(verify(`Bearer ${forged}`)).rejects.toThrow(Unauthenticated);
  });

  test('that cannot be checked, because the keys cannot be read, is a retryable error', async () => {
    const gone = await OidcIssuer.create(clock);
    const url = await gone.listen();
    await gone.close();
    await expect(verify(`Bearer ${await token()}`, {jwksUrl: url})).rejects.toThrow(Unavailable);
  });
});
