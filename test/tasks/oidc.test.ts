import {createOidcVerifier} from '../../shared/http/oidc';
import {OidcIssuer} from '../emulators/oidc';
import {VirtualScheduler} from '../emulators/scheduler';

const audience = 'https://provision.run.app';
const email = 'tasks@acme.iam.gserviceaccount.com';
const clock = new VirtualScheduler();
let issuer: OidcIssuer;
let verify: (authorization: string | undefined) => Promise<void>;

beforeAll(async () => {
  issuer = await OidcIssuer.create(clock);
  const jwksUrl = await issuer.listen();
  verify = createOidcVerifier({audience, serviceAccount: email, jwksUrl, mode: 'verify', clock});
});

afterAll(() => issuer.close());

test('a token of the issuer is accepted for an hour', async () => {
  const token = await issuer.token({audience, email});
  await expect(verify(`Bearer ${token}`)).resolves.toBeUndefined();
  clock.advance(3_600_000 + 60_000);
  await expect(verify(`Bearer ${token}`)).rejects.toThrow('ERR_JWT_EXPIRED');
});

test.each([
  ['of another issuer', {iss: 'https://evil.example'}, 'the OIDC token is not valid'],
  ['for another function', {audience: 'https://stop.run.app'}, 'the OIDC token is not valid'],
  ['that has expired', {exp: 1}, 'ERR_JWT_EXPIRED'],
  ['of another account', {email: 'somebody@acme.iam.gserviceaccount.com'}, 'not of the service account'],
  ['of an e-mail address that is not verified', {email_verified: false}, 'not of the service account'],
])('a token %s is refused', async (_, overrides, message) => {
  const token = await issuer.token({audience, email, ...overrides});
  await expect(verify(`Bearer ${token}`)).rejects.toThrow(message);
});

test('a token that another key has signed under the same key id is refused', async () => {
  const forger = await OidcIssuer.create(clock);
  const token = await forger.token({audience, email});
  await expect(verify(`Bearer ${token}`)).rejects.toThrow('ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
});
