import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseSecretSource, type SecretSource} from '../../shared/config/credentials';
import {createSecretReader, type SecretReader} from '../../shared/config/secrets';
import {Unavailable} from '../../shared/errors';
import {VirtualScheduler} from '../emulators/scheduler';
import {SecretManagerServer} from '../emulators/secret-manager/server';

const MINUTE = 60_000;
const RESOURCE: SecretSource = {kind: 'resource', name: 'projects/p/secrets/s'};
const FILE: SecretSource = {kind: 'file', path: '/secrets/s'};

/** A reader over a store whose answer a test sets. */
function setUp() {
  const clock = new VirtualScheduler();
  const warnings: string[] = [];
  const state = {answer: async (): Promise<string[]> => ['one'], reads: 0};
  const next = () => {
    state.reads++;
    return state.answer();
  };
  const reader = createSecretReader({
    clock,
    accessResource: next,
    readFile: async () => (await next()).join(''),
    logger: {warning: (message) => warnings.push(message)},
  });
  return {clock, reader, state, warnings};
}

async function reveal(reader: SecretReader, source: SecretSource | undefined): Promise<string[]> {
  if (!source) throw new Error('no source');
  return (await reader.read(source)).map((secret) => secret.reveal());
}

const failing = async (): Promise<string[]> => {
  throw new Error('down');
};

test.each<[string, string, object | undefined]>([
  ['a resource', 'projects/p/secrets/s', {kind: 'resource', name: 'projects/p/secrets/s'}],
  [
    'a version',
    'projects/p/secrets/s/versions/latest',
    {kind: 'resource', name: 'projects/p/secrets/s/versions/latest'},
  ],
  ['a file', 'file:/a/b', {kind: 'file', path: '/a/b'}],
  ['a literal', 'hush', {kind: 'literal'}],
  ['nothing', '', undefined],
  ['nothing', 'file:', undefined],
  ['nothing', 'projects/p/secrets', undefined],
])('%s is what %j stands for', (_, text, expected) => {
  const source = parseSecretSource(text);
  if (expected) expect(source).toMatchObject(expected);
  else expect(source).toBeUndefined();
});

describe('the secret reader', () => {
  test('gives a literal as it is', async () => {
    expect(await reveal(setUp().reader, parseSecretSource('hush'))).toEqual(['hush']);
  });

  test.each<[string, SecretSource, number]>([
    ['a resource for five minutes', RESOURCE, 5 * MINUTE],
    ['a file for one minute', FILE, MINUTE],
  ])('caches %s', async (_, source, ttlMs) => {
    const {clock, reader, state} = setUp();
    expect(await reveal(reader, source)).toEqual(['one']);
    state.answer = async () => ['two'];
    clock.advance(ttlMs - 1);
    expect(await reveal(reader, source)).toEqual(['one']);
    clock.advance(1);
    expect(await reveal(reader, source)).toEqual(['two']);
    expect(state.reads).toBe(2);
  });

  test('trims line ends behind a value, and no other space', async () => {
    const {reader, state} = setUp();
    state.answer = async () => [' a \n', 'b\r\n\n'];
    expect(await reveal(reader, RESOURCE)).toEqual([' a ', 'b']);
  });

  test('shares one fetch among concurrent reads', async () => {
    const {reader, state} = setUp();
    await Promise.all([reader.read(RESOURCE), reader.read(RESOURCE), reader.read(RESOURCE)]);
    expect(state.reads).toBe(1);
  });

  test('reads again after an invalidation, also one that comes while it reads', async () => {
    const {reader, state} = setUp();
    const early = reveal(reader, RESOURCE);
    state.answer = async () => ['two'];
    reader.invalidate(RESOURCE);
    expect(await reveal(reader, RESOURCE)).toEqual(['two']);
    expect(await early).toEqual(['one']);
    expect(await reveal(reader, RESOURCE)).toEqual(['two']);
    state.answer = async () => ['three'];
    reader.invalidate(RESOURCE);
    expect(await reveal(reader, RESOURCE)).toEqual(['three']);
  });

  test('lets an old value stand in for an hour, says so, and asks again every half minute', async () => {
    const {clock, reader, state, warnings} = setUp();
    await reader.read(RESOURCE);
    state.answer = failing;
    clock.advance(60 * MINUTE);
    expect(await reveal(reader, RESOURCE)).toEqual(['one']);
    expect(await reveal(reader, RESOURCE)).toEqual(['one']);
    expect(state.reads).toBe(2);
    expect(warnings).toEqual(['the secret projects/p/secrets/s cannot be read: down; its former value is used']);
    clock.advance(30_000);
    await expect(reader.read(RESOURCE)).rejects.toThrow('the secret projects/p/secrets/s cannot be read: down');
    state.answer = async () => ['two'];
    expect(await reveal(reader, RESOURCE)).toEqual(['two']);
  });

  test.each<[string, SecretSource, () => Promise<string[]>]>([
    ['cannot be read', FILE, failing],
    ['is empty', RESOURCE, async () => ['\n']],
  ])('is unavailable when a secret %s and was never read', async (_, source, answer) => {
    const {reader, state} = setUp();
    state.answer = answer;
    await expect(reader.read(source)).rejects.toBeInstanceOf(Unavailable);
  });

  test('reads Secret Manager and files unless it is given something else', async () => {
    const server = await SecretManagerServer.start();
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
    try {
      server.addVersion('projects/p/secrets/s', 'old');
      server.addVersion('projects/p/secrets/s', 'new\n');
      const path = join(folder, 'secret');
      writeFileSync(path, 'from a file\n');
      const emulators = {secretManager: {host: server.host, port: server.port}};
      const reader = createSecretReader({clock: new VirtualScheduler(), config: {emulators}});
      expect(await reveal(reader, RESOURCE)).toEqual(['new', 'old']);
      expect(await reveal(reader, {kind: 'file', path})).toEqual(['from a file']);
    } finally {
      rmSync(folder, {recursive: true});
      await server.close();
    }
  });
});
