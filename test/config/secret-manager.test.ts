import {createSecretManager, createVersionAdder} from '../../shared/config/secret-manager';
import {Refused, Unavailable} from '../../shared/errors';
import {Secret} from '../../shared/secret';
import {holdTimeouts, pass, releaseTimeouts} from '../builders/held-timeouts';
import {SecretManagerServer} from '../emulators/secret-manager/server';

const CALL_MS = 3_000;
const SECRET = 'projects/acme/secrets/webhook';

describe('Secret Manager, through its real client library', () => {
  let server: SecretManagerServer;

  beforeEach(async () => {
    server = await SecretManagerServer.start();
  });

  afterEach(async () => {
    releaseTimeouts();
    await server.close();
  });

  function access(name: string): Promise<string[]> {
    return createSecretManager({emulator: {host: server.host, port: server.port}})(name);
  }

  test('a secret without a version gives the two newest enabled versions, the newest first', async () => {
    for (let n = 1; n <= 12; n++) server.addVersion(SECRET, `value-${n}`);
    server.setState(SECRET, 12, 'DISABLED');
    server.setState(SECRET, 10, 'DESTROYED');
    expect(await access(SECRET)).toEqual(['value-11', 'value-9']);
  });

  test('a secret with one enabled version gives that one', async () => {
    server.addVersion(SECRET, 'only');
    expect(await access(SECRET)).toEqual(['only']);
  });

  test.each(['1', 'latest'])('a name with version %s gives its payload and lists nothing', async (version) => {
    server.addVersion(SECRET, 'grüße');
    expect(await access(`${SECRET}/versions/${version}`)).toEqual(['grüße']);
    expect(server.requests).toEqual([`GET /v1/${SECRET}/versions/${version}:access`]);
  });

  test('more versions than a page holds are all looked at', async () => {
    for (let n = 1; n <= 205; n++) server.addVersion(SECRET, `value-${n}`);
    expect(await access(SECRET)).toEqual(['value-205', 'value-204']);
  });

  test('a missing secret is refused by name', async () => {
    await expect(access(SECRET)).rejects.toThrow(
      new Refused(`${SECRET}: found nothing in Secret Manager, expected a secret with an enabled version`),
    );
  });

  test('a secret without an enabled version is refused', async () => {
    server.addVersion(SECRET, 'old');
    server.setState(SECRET, 1, 'DISABLED');
    await expect(access(SECRET)).rejects.toThrow('found no enabled version');
    await expect(access(`${SECRET}/versions/1`)).rejects.toThrow('found a disabled or destroyed version');
  });

  test('a denied access says which role to grant', async () => {
    server.failure = {httpStatus: 403, status: 'PERMISSION_DENIED'};
    await expect(access(SECRET)).rejects.toThrow('roles/secretmanager.secretAccessor');
  });

  test('a server that fails is unavailable, and the client library does not hammer it', async () => {
    server.failure = {httpStatus: 503, status: 'UNAVAILABLE'};
    await expect(access(`${SECRET}/versions/1`)).rejects.toBeInstanceOf(Unavailable);
    expect(server.requests).toHaveLength(1);
  });

  test('a server that does not answer is given up on', async () => {
    server.failure = 'hang';
    holdTimeouts();
    const late = expect(access(SECRET)).rejects.toThrow(
      new Unavailable(`${SECRET}: Secret Manager did not answer in time`, 10),
    );
    await pass(CALL_MS, () => server.requests.length === 1);
    await late;
  });

  const add = (value: string) =>
    createVersionAdder({emulator: {host: server.host, port: server.port}})(SECRET, new Secret(value));

  test('a version that is added is the newest one', async () => {
    server.addVersion(SECRET, 'old');
    await add('grüße');
    expect(await access(SECRET)).toEqual(['grüße', 'old']);
  });

  test('who may not add a version is told which right is missing', async () => {
    await expect(add('value')).rejects.toThrow(`${SECRET}: found nothing in Secret Manager`);
    server.addSecret(SECRET);
    server.sealed.add(SECRET);
    await expect(add('value')).rejects.toThrow('grant this service account roles/secretmanager.secretVersionAdder');
    server.failure = {httpStatus: 503, status: 'UNAVAILABLE'};
    await expect(add('value')).rejects.toThrow(Unavailable);
    expect(server.payloads(SECRET)).toEqual([]);
  });
});
