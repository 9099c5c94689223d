import {RUNNER_VERSIONS, type RunnerVersionsDocument, runnerToInstall} from '../../shared/model/facts';
import {createMemoryStore} from '../../shared/store/memory';
import {runnerToInstallReader} from '../../shared/store/runner-to-install';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const DAY_MS = 24 * 3_600_000;

const download = (platform: string, version = '2.340.0', sha256: string | null = platform.slice(-1).repeat(64)) => ({
  platform,
  version,
  sha256,
});
const DOWNLOADS = [download('linux-x64'), download('linux-arm64'), download('osx-arm64', '2.340.0', null)];

const used = (version: string, endsInDays: number | null) => ({
  version,
  runners: 1,
  seenAt: NOW,
  registrationEndsAt: null,
  runtimeEndsAt: endsInDays === null ? null : NOW + endsInDays * DAY_MS,
  askedAt: NOW,
  toldAt: null,
});

test('is the version of both architectures, with the checksum of each', () => {
  expect(runnerToInstall({downloads: DOWNLOADS, inUse: []}, NOW)).toEqual({
    version: '2.340.0',
    sha256: {x64: '4'.repeat(64), arm64: '4'.repeat(64)},
    refused: [],
  });
});

test.each([
  ['one architecture is missing', [download('linux-x64')]],
  ['a checksum is missing', [download('linux-x64'), download('linux-arm64', '2.340.0', null)]],
  ['the architectures have different versions', [download('linux-x64'), download('linux-arm64', '2.339.0')]],
])('is not known while %s: version and checksums are one', (_, downloads) => {
  expect(runnerToInstall({downloads, inUse: []}, NOW)).toBeUndefined();
});

test('has the checksum for Windows where that has the same version', () => {
  const windowsOf = (windows: ReturnType<typeof download>) =>
    runnerToInstall({downloads: [...DOWNLOADS, windows], inUse: []}, NOW)?.windowsSha256;
  expect(windowsOf(download('win-x64', '2.340.0', 'a'.repeat(64)))).toBe('a'.repeat(64));
  expect(windowsOf(download('win-x64', '2.339.0', 'a'.repeat(64)))).toBeUndefined();
  expect(windowsOf(download('win-x64', '2.340.0', null))).toBeUndefined();
  expect(windowsOf(download('win-arm64', '2.340.0', 'a'.repeat(64)))).toBeUndefined();
});

test('names the versions in use that GitHub refuses, or will within a day, and no other', () => {
  const inUse = [used('2.330.0', -40), used('2.331.0', 0.5), used('2.338.0', 2), used('2.339.0', null)];
  expect(runnerToInstall({downloads: DOWNLOADS, inUse}, NOW)?.refused).toEqual(['2.330.0', '2.331.0']);
});

test('is never a version that it names as refused', () => {
  const inUse = [used('2.340.0', -1)];
  expect(runnerToInstall({downloads: DOWNLOADS, inUse}, NOW)?.refused).toEqual([]);
});

describe('the reader', () => {
  const clock = {time: NOW, now: () => clock.time, sleep: async () => undefined};
  const document: RunnerVersionsDocument = {
    kind: 'runner_versions',
    readAt: NOW,
    latest: '2.340.0',
    downloads: DOWNLOADS,
    inUse: [],
    expireAt: NOW + 30 * DAY_MS,
  };

  test('gives what the sweep keeps, and sees a change within ten minutes', async () => {
    const store = createMemoryStore({clock});
    const write = (version: string) =>
      store.transaction(async (transaction) => {
        const downloads = DOWNLOADS.map((one) => ({...one, version}));
        transaction.set('facts', RUNNER_VERSIONS, {...document, downloads});
      });
    const read = runnerToInstallReader(store, clock);
    await write('2.340.0');
    expect((await read())?.version).toBe('2.340.0');
    await write('2.341.0');
    expect((await read())?.version).toBe('2.340.0');
    clock.time += 10 * 60_000;
    expect((await read())?.version).toBe('2.341.0');
  });

  test('sees a change at once where two functions have to agree', async () => {
    const store = createMemoryStore({clock});
    const read = runnerToInstallReader(store, clock);
    expect(await read()).toBeUndefined();
    await store.transaction(async (transaction) => transaction.set('facts', RUNNER_VERSIONS, document));
    expect(await read()).toBeUndefined();
    expect((await read({isFresh: true}))?.version).toBe('2.340.0');
    expect((await read())?.version).toBe('2.340.0');
  });

  test('gives nothing before the first sweep, and asks the store again', async () => {
    let reads = 0;
    const get = async () => {
      reads += 1;
      return undefined;
    };
    const read = runnerToInstallReader({get}, clock);
    expect(await read()).toBeUndefined();
    clock.time += 10 * 60_000;
    expect(await read()).toBeUndefined();
    expect(reads).toBe(2);
  });

  test('rejects while the store does not answer, and works once it does', async () => {
    let isUp = false;
    const get = async () => {
      if (!isUp) throw new RangeError('down');
      return undefined;
    };
    const read = runnerToInstallReader({get}, clock);
    await expect(read()).rejects.toThrow('down');
    isUp = true;
    expect(await read()).toBeUndefined();
  });
});
