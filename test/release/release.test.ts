import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {env} from 'node:process';
import {version} from '../../package.json';

jest.setTimeout(120_000);

const ROOT = resolve(__dirname, '..', '..');
const SOMEBODY = {
  GIT_AUTHOR_NAME: 'Somebody',
  GIT_AUTHOR_EMAIL: 'somebody@example.com',
  GIT_COMMITTER_NAME: 'Somebody',
  GIT_COMMITTER_EMAIL: 'somebody@example.com',
};

let folder: string;
let clone: string;

const git = (...args: string[]) =>
  execFileSync('git', ['-C', clone, ...args], {
    encoding: 'utf8',
    env: {...env, ...SOMEBODY},
    stdio: 'pipe',
  }).trim();

/** `.ci/release` with the bundles that stand in for built ones. */
function release(...args: string[]): {code: number | null; said: string} {
  const {status, stdout, stderr} = spawnSync('bash', ['.ci/release', ...args], {
    cwd: clone,
    encoding: 'utf8',
    env: {...env, ...SOMEBODY, SLIPWAY_DIST: join(clone, 'terraform', 'tests', 'bundles')},
  });
  return {code: status, said: stdout + stderr};
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-release-'));
  clone = join(folder, 'clone');
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone], {stdio: 'pipe'});
  // The script as it is here, whether it is committed or not.
  writeFileSync(join(clone, '.ci', 'release'), readFileSync(join(ROOT, '.ci', 'release')), {mode: 0o755});
  writeFileSync(join(clone, 'notes.txt'), 'not committed');
  expect(release(version).said).toContain('there are changes that are not committed');
  rmSync(join(clone, 'notes.txt'));
  const changes = `# Changelog\n\n## Unreleased\n\n## ${version} (2026-12-01)\n\n* A line of a test.\n\n## 0.0.1\n\n* Old.\n`;
  writeFileSync(join(clone, 'CHANGELOG.md'), changes);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'A release of a test');
});
afterAll(() => rmSync(folder, {recursive: true, force: true}));

test.each([
  [['1.2'], "expected a version such as 1.2.3 or 1.2.3-rc.1 (semver.org), found '1.2'"],
  [[`v${version}`], 'expected a version such as'],
  [['99.0.0'], `package.json says ${version}`],
])('%p is refused with the reason, and nothing is made', (args, reason) => {
  const {code, said} = release(...args);
  expect([code, said]).toEqual([1, expect.stringContaining(reason)]);
  expect(git('tag')).toBe('');
});

describe('a release', () => {
  let head: string;
  let said: string;
  const out = () => join(folder, 'out');
  const tag = `v${version}`;

  beforeAll(() => {
    head = git('rev-parse', 'HEAD');
    const made = release(version, out());
    expect(made).toEqual({code: 0, said: expect.stringContaining(`${tag} is `)});
    said = made.said;
  });

  test('says which stand-ins of the host are to be replaced', () => {
    expect(said).toContain('.github/CODEOWNERS names @MAINTAINERS, who is nobody');
    expect(said).toContain('docs/upgrade.md has HOST/OWNER/REPOSITORY');
  });

  test('is a tag on a commit of its own that adds dist/ to HEAD, and leaves branch and files alone', () => {
    expect(git('rev-parse', `${tag}^{commit}~1`)).toBe(head);
    expect(git('cat-file', '-t', tag)).toBe('tag');
    const added = git('diff', '--name-only', head, tag).split('\n');
    expect(added.length).toBeGreaterThan(10);
    expect(added.filter((path) => !path.startsWith('dist/'))).toEqual([]);
    expect(git('show', `${tag}:dist/webhook/index.js`)).toBe(
      readFileSync(join(ROOT, 'terraform/tests/bundles/webhook/index.js'), 'utf8').trim(),
    );
    expect([git('rev-parse', 'HEAD'), git('status', '--porcelain')]).toEqual([head, '']);
  });

  test('has an archive of each function with its checksum, and the notes of its section alone', () => {
    const sums = readFileSync(join(out(), 'SHA256SUMS'), 'utf8');
    for (const name of ['webhook', 'provision', 'stop', 'sweep', 'api'])
      expect(sums).toContain(`slipway-${version}-${name}.tar.gz`);
    execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], {cwd: out(), stdio: 'pipe'});
    const listed = execFileSync('tar', ['-tzf', join(out(), `slipway-${version}-api.tar.gz`)], {encoding: 'utf8'});
    expect(listed).toContain('api/index.js');
    expect(readFileSync(join(out(), 'notes.md'), 'utf8').trim()).toBe('* A line of a test.');
  });

  test('is not made a second time', () => {
    expect(release(version, join(folder, 'again'))).toEqual({
      code: 1,
      said: expect.stringContaining(`the tag ${tag} is there already`),
    });
    expect(existsSync(join(folder, 'again'))).toBe(false);
  });

  test('has the same archives from the same commit', () => {
    const other = join(folder, 'other');
    git('tag', '--delete', tag);
    expect(release(version, other).code).toBe(0);
    expect(readFileSync(join(other, 'SHA256SUMS'), 'utf8')).toBe(readFileSync(join(out(), 'SHA256SUMS'), 'utf8'));
  });

  test('is a module that Terraform takes by ref without a build', () => {
    if (spawnSync('terraform', ['version']).error) {
      process.stderr.write('terraform is not installed: the module of the release was not fetched\n');
      return;
    }
    const user = join(folder, 'user');
    mkdirSync(user);
    const source = `git::file://${clone}//terraform?ref=${tag}`;
    writeFileSync(join(user, 'main.tf'), `module "slipway" {\n  source = "${source}"\n}\n`);
    execFileSync('terraform', ['get'], {cwd: user, stdio: 'pipe'});
    const {Modules} = JSON.parse(readFileSync(join(user, '.terraform/modules/modules.json'), 'utf8')) as {
      Modules: {Key: string; Dir: string}[];
    };
    const dir = Modules.find(({Key}) => Key === 'slipway')?.Dir ?? '';
    // Where bundles.tf looks.
    for (const name of ['webhook', 'provision', 'stop', 'sweep', 'api']) {
      expect([name, existsSync(join(user, dir, '..', 'dist', name, 'package-lock.json'))]).toEqual([name, true]);
    }
  });
});
