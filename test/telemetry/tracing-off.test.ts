import {execFile} from 'node:child_process';
import {resolve} from 'node:path';
import {promisify} from 'node:util';

const ROOT = resolve(__dirname, '..', '..');

interface Loaded {
  readonly conclusion: string;
  readonly exported: number;
  readonly packages: readonly string[];
  /** The loaded modules of shared/telemetry. */
  readonly own: readonly string[];
}

/** The modules that a process has loaded after it ran a job with all functions, from queued to deleted. */
async function loadedWith(tracing: boolean): Promise<Loaded> {
  const script = ['-r', 'ts-node/register', 'test/functions/build/loaded-modules.ts', String(tracing)];
  const {stdout} = await promisify(execFile)(process.execPath, script, {cwd: ROOT, maxBuffer: 2 ** 24});
  return JSON.parse(stdout) as Loaded;
}

/** The clients of Google always load the interface, which is a few constants. */
const ofTracing = ({packages}: Loaded) =>
  packages.filter((name) => /opentelemetry/.test(name) && name !== '@opentelemetry/api').sort();

test('the packages of tracing are loaded only when tracing is on', async () => {
  const off = await loadedWith(false);
  expect(off).toMatchObject({conclusion: 'success', exported: 0});
  expect(ofTracing(off)).toEqual([]);
  expect(off.own).toContain('create-tracer');
  for (const name of ['open-telemetry', 'otlp']) expect(off.own).not.toContain(name);

  const on = await loadedWith(true);
  expect(on.conclusion).toBe('success');
  expect(on.exported).toBeGreaterThan(0);
  expect(ofTracing(on)).toEqual(expect.arrayContaining(['@opentelemetry/resources', '@opentelemetry/sdk-trace']));
  expect(on.own).toContain('open-telemetry');
}, 120_000);
