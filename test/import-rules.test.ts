import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, relative, resolve} from 'node:path';

const ROOT = resolve(__dirname, '..');

interface Violation {
  readonly from: string;
  readonly rule: {readonly name: string};
}

/** An import of one file by another; `type` makes it an `import type`. */
type Import = readonly [from: string, to: string, type?: 'type'];

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-imports-'));
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const file of ['tsconfig.json', '.dependency-cruiser.cjs']) symlinkSync(join(ROOT, file), join(root, file));
  for (const folder of ['functions', 'shared', 'test']) mkdirSync(join(root, folder));
});

afterEach(() => rmSync(root, {recursive: true, force: true}));

/** The rules that `npm run imports` finds broken in a project with just these imports, by the file that breaks them. */
function broken(imports: readonly Import[]): Record<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const [from, to, type] of imports) {
    const target = to.endsWith('.ts') ? `./${relative(dirname(from), to.slice(0, -3))}` : to;
    lines.set(from, [
      ...(lines.get(from) ?? []),
      `import ${type ? 'type ' : ''}{x} from '${target}';`,
      'export type Y = typeof x;',
    ]);
    if (to.endsWith('.ts') && !lines.has(to)) lines.set(to, []);
  }
  for (const [path, text] of lines) {
    mkdirSync(dirname(join(root, path)), {recursive: true});
    writeFileSync(join(root, path), [...new Set(text), 'export const x = 1;', ''].join('\n'));
  }
  const cruise = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
  const given = [cruise, 'functions', 'shared', 'test', '--config', '--output-type', 'json'];
  const {stdout, stderr} = spawnSync(process.execPath, given, {cwd: root, encoding: 'utf8', maxBuffer: 1e8});
  if (stderr) throw new Error(stderr);
  const {summary} = JSON.parse(stdout) as {summary: {violations: Violation[]; totalCruised: number}};
  expect(summary.totalCruised).toBeGreaterThan(lines.size - 1);
  const found: Record<string, string[]> = {};
  for (const {from, rule} of summary.violations) found[from] = [...(found[from] ?? []), rule.name];
  for (const names of Object.values(found)) names.sort();
  return found;
}

test('imports along the rules are let through', () => {
  const allowed: Import[] = [
    ['shared/cache.ts', 'shared/clock.ts'],
    ['shared/model/job.ts', 'shared/errors.ts'],
    ['shared/model/job.ts', 'zod'],
    ['shared/model/job.ts', 'node:crypto'],
    ['shared/config/config.ts', 'shared/model/pool.ts'],
    ['shared/config/pool-schema.ts', 'shared/providers/gce/config.ts'],
    ['shared/providers/gce/config.ts', 'shared/model/pool.ts'],
    ['shared/providers/gce/config.ts', 'zod'],
    ['shared/github/client.ts', 'shared/config/config.ts', 'type'],
    ['shared/ports.ts', 'shared/providers/provider.ts', 'type'],
    ['shared/runners/create.ts', 'shared/ports.ts'],
    ['shared/runners/create.ts', 'shared/github/github.ts'],
    ['shared/providers/registry.ts', 'shared/providers/gce/provider.ts'],
    ['shared/providers/gce/provider.ts', 'shared/providers/provider.ts'],
    ['shared/providers/gce/provider.ts', 'shared/providers/gce/client/client.ts'],
    ['shared/sweep/plan.ts', 'shared/sweep/rules/jobs.ts'],
    ['shared/sweep/rules/jobs.ts', 'shared/sweep/observed.ts'],
    ['shared/sweep/rules/jobs.ts', 'shared/sweep/rule.ts', 'type'],
    ['shared/sweep/rules/jobs.ts', 'shared/github/github.ts', 'type'],
    ['shared/sweep/act.ts', 'shared/runners/create.ts'],
    ['shared/api/routes/index.ts', 'shared/api/routes/jobs.ts'],
    ['shared/services.ts', 'shared/providers/gce/client/client.ts', 'type'],
    ['shared/services.ts', 'shared/services-base.ts'],
    ['functions/stop/index.ts', 'shared/services.ts'],
    ['functions/build/index.ts', 'functions/build/bundle.ts'],
    ['functions/local/index.ts', 'functions/stop/index.ts'],
    ['functions/local/index.ts', 'test/emulators/system.ts'],
    ['test/emulators/compute/direct.ts', 'shared/providers/gce/client/compute.ts'],
    ['test/stop.test.ts', 'functions/stop/index.ts'],
  ];
  expect(broken(allowed)).toEqual({});
});

// Each in a file of its own, which is thereby known by its path.
const FORBIDDEN: readonly (readonly [...rules: string[], imported: Import])[] = [
  ['known-folder', ['shared/helpers/text.ts', 'shared/errors.ts']],
  ['errors-imports', ['shared/errors.ts', 'shared/clock.ts']],
  ['cache-imports', ['shared/cache.ts', 'shared/random.ts']],
  ['model-imports', ['shared/model/a.ts', 'shared/store/store.ts', 'type']],
  ['model-packages', ['shared/model/b.ts', 'node:fs']],
  ['model-packages', ['shared/model/c.ts', 'yaml']],
  ['config-imports', ['shared/config/a.ts', 'shared/github/github.ts']],
  ['github-imports', ['shared/github/a.ts', 'shared/store/store.ts', 'type']],
  ['github-imports-types', ['shared/github/b.ts', 'shared/config/config.ts']],
  ['store-imports', ['shared/store/a.ts', 'shared/runners/create.ts']],
  ['ports-imports-types', ['shared/ports.ts', 'shared/tasks/tasks.ts']],
  ['runners-imports', ['shared/runners/a.ts', 'shared/vms/start.ts']],
  ['runners-imports', ['shared/runners/b.ts', 'shared/store/memory.ts']],
  ['vms-imports', ['shared/vms/a.ts', 'shared/runners/create.ts', 'type']],
  ['sweep-imports', ['shared/sweep/a.ts', 'shared/http/server.ts']],
  ['sweep-imports-types', ['shared/sweep/b.ts', 'shared/config/config.ts']],
  ['http-imports', ['shared/http/a.ts', 'shared/sweep/sweep.ts']],
  ['api-imports', ['shared/api/a.ts', 'shared/sweep/sweep.ts']],
  ['composed-once', 'api-imports', ['shared/api/b.ts', 'shared/services.ts', 'type']],
  ['services-base-imports', ['shared/services-base.ts', 'shared/services.ts']],
  ['provider-by-registry', ['shared/providers/a.ts', 'shared/providers/gce/provider.ts', 'type']],
  ['provider-by-registry', 'sweep-imports', ['shared/sweep/c.ts', 'shared/providers/gce/provider.ts', 'type']],
  ['provider-by-registry', ['functions/sweep/a.ts', 'shared/providers/gce/provider.ts']],
  ['provider-by-registry', ['shared/ports.ts', 'shared/providers/gce/client/compute.ts', 'type']],
  ['provider-types', ['shared/services.ts', 'shared/providers/gce/client/client.ts']],
  ['provider-by-registry', ['shared/config/b.ts', 'shared/providers/ec2/config.ts', 'type']],
  ['config-imports', ['shared/config/pool-schema.ts', 'shared/providers/ec2/provider.ts', 'type']],
  ['provider-config-packages', ['shared/providers/gce/config.ts', 'shared/providers/provider.ts', 'type']],
  ['provider-config-packages', ['shared/providers/docker/config.ts', 'yaml']],
  ['provider-alone', ['shared/providers/gce/a.ts', 'shared/providers/registry.ts']],
  ['provider-alone', ['shared/providers/gce/b.ts', 'shared/providers/ec2/provider.ts']],
  ['sweep-rule-alone', ['shared/sweep/rules/a.ts', 'shared/sweep/context.ts']],
  ['sweep-rule-alone', 'sweep-rules-in-the-plan', ['shared/sweep/rules/b.ts', 'shared/sweep/rules/idle.ts']],
  ['sweep-rule-alone', ['shared/sweep/rules/c.ts', 'shared/runners/create.ts']],
  ['sweep-rule-types', ['shared/sweep/rules/d.ts', 'shared/github/github.ts']],
  ['sweep-rules-in-the-plan', ['shared/sweep/act.ts', 'shared/sweep/rules/idle.ts']],
  ['api-route-alone', ['shared/api/routes/a.ts', 'shared/api/routes/jobs.ts']],
  ['function-alone', ['functions/api/a.ts', 'functions/stop/index.ts']],
  ['function-alone', 'store-imports', ['shared/store/b.ts', 'functions/stop/index.ts']],
  ['test-stays-out', ['functions/stop/a.ts', 'test/emulators/system.ts']],
  ['store-imports', 'test-stays-out', ['shared/store/c.ts', 'test/emulators/system.ts']],
  ['emulator-knows-no-core', ['test/emulators/github/a.ts', 'shared/runners/create.ts']],
];

test('each import against a rule is found, by just the rules that it breaks', () => {
  const imports = FORBIDDEN.map((row) => row.at(-1) as Import);
  const expected: Record<string, string[]> = {};
  for (const row of FORBIDDEN) {
    const [from] = row.at(-1) as Import;
    expected[from] = [...(expected[from] ?? []), ...(row.slice(0, -1) as string[])].sort();
  }
  expect(broken(imports)).toEqual(expected);
});

test('every rule that is no row of the folders stands among them', () => {
  const {forbidden} = require(join(ROOT, '.dependency-cruiser.cjs')) as {forbidden: {name: string}[]};
  const tried = FORBIDDEN.flatMap((row) => row.slice(0, -1) as string[]);
  const untried = forbidden
    .map(({name}) => name)
    .filter((name) => !/-imports(-types)?$/.test(name) && !tried.includes(name));
  expect(untried).toEqual(['no-cycle']);
});

test('files that import each other, if only types and over a third, are found', () => {
  const cycle: Import[] = [
    ['shared/model/a.ts', 'shared/model/b.ts'],
    ['shared/model/b.ts', 'shared/model/c.ts', 'type'],
    ['shared/model/c.ts', 'shared/model/a.ts'],
  ];
  expect(Object.values(broken(cycle)).flat()).toContain('no-cycle');
});
