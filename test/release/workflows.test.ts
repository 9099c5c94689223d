import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {build} from 'esbuild';
import {parse} from 'yaml';

jest.setTimeout(60_000);

const ROOT = resolve(__dirname, '..', '..');
const WORKFLOWS = join(ROOT, '.github', 'workflows');
const files = readdirSync(WORKFLOWS);
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');

/** GitHub's own parser, bundled and in a process of its own, because it is ES modules that import JSON. Prints the errors as JSON. */
const PARSER = `
  import {NoOperationTraceWriter, parseWorkflow} from '@actions/workflow-parser';
  import {readFileSync} from 'node:fs';
  const [, , name] = process.argv;
  const {context} = parseWorkflow({name, content: readFileSync(name, 'utf8')}, new NoOperationTraceWriter());
  process.stdout.write(JSON.stringify(context.errors.getErrors().map(({message}) => message)));
`;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-workflows-'));
  await build({
    stdin: {contents: PARSER, resolveDir: ROOT},
    outfile: join(folder, 'parser.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
});
afterAll(() => rmSync(folder, {recursive: true, force: true}));

const errorsOf = (path: string): string[] =>
  JSON.parse(execFileSync(process.execPath, [join(folder, 'parser.cjs'), path], {encoding: 'utf8'})) as string[];

test.each(files)('%s is a workflow that GitHub takes', (file) => {
  expect(errorsOf(join(WORKFLOWS, file))).toEqual([]);
});

test('the parser finds a mistake where there is one', () => {
  expect(errorsOf(join(__dirname, 'not-a-workflow.yml')).join()).toContain('run-on');
});

test.each(files)('%s pins each action by commit, with its version beside it', (file) => {
  const used = [...read('.github/workflows', file).matchAll(/\buses: *(\S+)(?: *# *(\S+))?/g)];
  expect(used.length).toBeGreaterThan(0);
  for (const [, action = '', comment] of used) {
    if (action.startsWith('./')) expect([action, existsSync(join(ROOT, action))]).toEqual([action, true]);
    else
      expect([action, comment]).toEqual([
        expect.stringMatching(/^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/),
        expect.stringMatching(/^v\d+/),
      ]);
  }
});

test.each(files)('%s gives no right by default but to read, and each job a time limit', (file) => {
  const workflow = parse(read('.github/workflows', file)) as {
    permissions: object;
    jobs: Record<string, {uses?: string; 'timeout-minutes'?: number}>;
  };
  expect(workflow.permissions).toEqual({contents: 'read'});
  const endless = Object.entries(workflow.jobs).filter(([, job]) => !job.uses && !job['timeout-minutes']);
  expect(endless.map(([name]) => name)).toEqual([]);
});

test('no text of a person gets into a shell of a workflow', () => {
  for (const file of files) {
    const workflow = parse(read('.github/workflows', file)) as {jobs: Record<string, {steps?: {run?: string}[]}>};
    const scripts = Object.values(workflow.jobs).flatMap(({steps = []}) => steps.flatMap(({run}) => run ?? []));
    expect(scripts.filter((script) => script.includes('${{'))).toEqual([]);
  }
});

test('the release is made by the script that is tested, after CI', () => {
  const {jobs} = parse(read('.github/workflows/release.yml')) as {
    jobs: {check: {uses: string}; release: {needs: string; steps: {run?: string}[]}};
  };
  expect([jobs.check.uses, jobs.release.needs]).toEqual(['./.github/workflows/ci.yml', 'check']);
  expect(jobs.release.steps.some(({run}) => run?.includes('.ci/release "$VERSION"'))).toBe(true);
  expect(parse(read('.github/workflows/ci.yml'))).toHaveProperty('on.workflow_call');
});

test('a bug report asks for the doctor and the version', () => {
  const {body} = parse(read('.github/ISSUE_TEMPLATE/bug.yml')) as {
    body: {id?: string; attributes: {label?: string}; validations?: {required: boolean}}[];
  };
  const required = body.filter(({validations}) => validations?.required).map(({id}) => id);
  expect(required).toEqual(expect.arrayContaining(['happened', 'doctor', 'version']));
  expect(body.find(({id}) => id === 'doctor')?.attributes.label).toContain('slipway doctor');
});

test('updates are looked for wherever dependencies are named', () => {
  const {updates} = parse(read('.github/dependabot.yml')) as {
    updates: {'package-ecosystem': string; directory?: string; directories?: string[]}[];
  };
  expect(updates.map((update) => update['package-ecosystem']).sort()).toEqual(['github-actions', 'npm', 'terraform']);
});
