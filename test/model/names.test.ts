import * as names from '../../shared/model/names';

const MEGABYTE = 1_000_000;

test.each<[string, RegExp, readonly string[], readonly string[]]>([
  [
    'OWNER',
    names.OWNER,
    ['acme', 'A', 'octo-org', 'mona_acme', 'legacy-', 'a'.repeat(39)],
    ['', '-acme', 'ac me', 'acme/app', '..', 'acme\n', 'ä', '__proto__', 'a'.repeat(101)],
  ],
  [
    'REPOSITORY_NAME',
    names.REPOSITORY_NAME,
    ['app', '.github', '-', '_', '...', 'a.b', 'x'.repeat(100)],
    ['', '.', '..', 'a/b', 'a b', 'app\n', 'é', 'x'.repeat(101), 'a%2f', 'a?b'],
  ],
  [
    'REPOSITORY',
    names.REPOSITORY,
    ['acme/app', 'Acme/.github', 'mona_acme/a.b-c_d'],
    ['acme', 'acme/', '/app', 'acme/..', 'acme/.', '../app', 'acme/app/x', 'acme/a b', 'acme/app\n', 'acme/app#'],
  ],
  [
    'REPOSITORY_PATTERN',
    names.REPOSITORY_PATTERN,
    ['acme/*', '!acme/legacy', '*/*', 'acme-*/app-*'],
    ['acme', '!!acme/app', 'acme/**/x', '*', 'acme/..', '! acme/app'],
  ],
  [
    'LABEL',
    names.LABEL,
    ['linux', 'a,b=c', 'run-on=1', 'two words', 'größe', '🚀', 'x'.repeat(256), '*'],
    ['', ' linux', 'linux ', 'a\nb', 'a\u0000', '\tx', 'x'.repeat(257)],
  ],
  [
    'RUNNER_NAME',
    names.RUNNER_NAME,
    ['slipway-arm-1-1', 'GitHub Actions 12', 'host.example', 'x'.repeat(64)],
    ['', ' a', 'a/b', 'a\n', 'x'.repeat(65), '\u0000'],
  ],
  ['RFC_1035', names.RFC_1035, ['a', 'a-1', 'x'.repeat(63)], ['', 'A', '1a', 'a-', 'a_b', 'a\n', 'x'.repeat(64)]],
  ['SHORT_NAME', names.SHORT_NAME, ['a', 'linux-arm64', 'x'.repeat(20)], ['', '-a', 'a-', 'Arm', 'x'.repeat(21)]],
  [
    'ZONE',
    names.ZONE,
    ['us-central1-a', 'us-central1-ai1a', 'northamerica-northeast10-b'],
    ['us-central1', 'us-central1-1', 'us-central1-a/..', 'US-central1-a'],
  ],
  ['REGION', names.REGION, ['us-central1', 'europe-west12'], ['us', 'us-central', 'us-central1-a', 'us-central1\n']],
  [
    'VM_ID',
    names.VM_ID,
    ['us-central1-a.runner', '.runner'],
    ['runner', 'us-central1-a.', 'a.b.c', 'us/x.runner', 'a.Runner'],
  ],
  ['JOB_KEY', names.JOB_KEY, ['1-1', '44200000072-12'], ['1', '1-', '-1', '1-1-1', '1-a', `${'1'.repeat(17)}-1`]],
])('%s', (_, pattern, good, bad) => {
  expect(good.filter((text) => !pattern.test(text))).toEqual([]);
  expect(bad.filter((text) => pattern.test(text))).toEqual([]);
});

/** The worst that anybody can send: long runs of what each part of a pattern takes, and an end that fits nothing. */
const WORST = ['a', '-', 'a-', '-a', '1', '1-', '-1', 'a1-', '.', ' ', 'a ', ',', '/', 'a/', '*', '!', '\u00e4', '_'];

test.each(Object.entries(names).filter((entry): entry is [string, RegExp] => entry[1] instanceof RegExp))(
  '%s refuses a megabyte of the worst case at once',
  (_, pattern) => {
    const before = process.cpuUsage();
    for (const part of WORST) {
      for (const [head, tail] of [
        ['', ''],
        ['', '\n'],
        ['a', '!'],
        ['acme/', '\u0000'],
        ['us-central1-', '_'],
      ]) {
        const text = `${head}${part.repeat(MEGABYTE / part.length)}${tail}`;
        expect(pattern.test(text)).toBe(false);
      }
    }
    const {user} = process.cpuUsage(before);
    // 90 texts of a megabyte each: read once, they take milliseconds. With quadratic time one of them would take minutes.
    expect(user / 1000).toBeLessThan(5_000);
  },
);

test('a repository that is spelt out has neither * nor !', () => {
  expect(['acme/app', 'acme/*', '!acme/app', '*/app'].filter(names.isSpeltOut)).toEqual(['acme/app']);
});

test('the region of a zone', () => {
  expect(names.regionOf('northamerica-northeast1-b')).toBe('northamerica-northeast1');
});
