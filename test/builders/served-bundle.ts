import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join, resolve} from 'node:path';
import {type Built, builtOnce} from './built-once';

const ROOT = resolve(__dirname, '..', '..');
const FRAMEWORK = join(ROOT, 'node_modules', '@google-cloud', 'functions-framework', 'build', 'src', 'main.js');

/** Builds every function outside the project, so that only what is in the bundle can be loaded, and the framework that the platform installs. */
export function buildBundles(): Built {
  const built = builtOnce('dist', 'index.ts');
  const packages = join(built.folder, 'node_modules');
  if (!existsSync(packages)) symlinkSync(join(ROOT, 'node_modules'), packages);
  return built;
}

export interface ServedBundle {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** What it wrote to stdout and stderr. */
  output(): string;
  /** Resident memory now, in bytes. */
  residentBytes(): number;
  /** The most that it was since `forgetPeak`, in bytes. */
  peakBytes(): number;
  forgetPeak(): void;
}

/** Serves a bundle by functions-framework in a process of its own, with nothing in its environment but `env`. */
export async function serveBundle(
  dist: string,
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<ServedBundle> {
  const port = await freePort();
  const child = spawn(process.execPath, [FRAMEWORK], {
    env: {...env, PORT: String(port), FUNCTION_SOURCE: join(dist, name), FUNCTION_TARGET: name},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listening = new Promise<void>((resolveIt, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('URL:')) resolveIt();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${output}`)));
  });
  await listening;
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    child,
    output: () => output,
    residentBytes: () => memoryOf(child, 'VmRSS'),
    peakBytes: () => memoryOf(child, 'VmHWM'),
    // https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, '5'),
  };
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function memoryOf({pid}: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) * 1024;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
