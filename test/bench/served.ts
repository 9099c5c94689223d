import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join, resolve} from 'node:path';

const FRAMEWORK = resolve(
  join(__dirname, '..', '..', 'node_modules', '@google-cloud', 'functions-framework', 'build', 'src', 'main.js'),
);
const PATIENCE_MS = 30_000;

export interface ServedFunction {
  readonly url: string;
  readonly child: ChildProcess;
  /** Resident memory of the process. */
  residentBytes(): number;
  /** The most that it has been. */
  peakResidentBytes(): number;
  /** CPU time that the process has used. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Starts a function under functions-framework in a process of its own, on the port that is `given` or a free one. It does not wait until it serves. */
export async function serveFunction(
  source: string,
  target: string,
  env: Readonly<Record<string, string>>,
  given?: number,
): Promise<ServedFunction> {
  const port = given ?? (await freePort());
  const child = spawn(process.execPath, [FRAMEWORK], {
    env: {...env, PORT: String(port), FUNCTION_SOURCE: source, FUNCTION_TARGET: target},
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return served(child, port);
}

/** Starts a script of the benchmarks that serves on `port`, in a process of its own. It does not wait until it serves. */
export function serveScript(
  script: string,
  args: readonly string[],
  port: number,
  env: Readonly<Record<string, string>>,
): ServedFunction {
  const child = spawn(process.execPath, ['-r', 'ts-node/register', join(__dirname, script), ...args, String(port)], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return served(child, port);
}

function served(child: ChildProcess, port: number): ServedFunction {
  return {
    url: `http://127.0.0.1:${port}/`,
    child,
    residentBytes: () => memoryOf(child, 'VmRSS'),
    peakResidentBytes: () => memoryOf(child, 'VmHWM'),
    cpuMs: () => cpuOf(child),
    stop: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Asks again until an answer comes; a refused connection is a function that does not listen yet. */
export async function firstAnswer(served: ServedFunction, path: string, request: RequestInit): Promise<Response> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(new URL(path, served.url), request).catch(() => undefined);
    if (response) return response;
    if (performance.now() > until) throw new Error(`no answer from ${served.url} within ${PATIENCE_MS} ms`);
    await new Promise((tick) => setTimeout(tick, 2));
  }
}

/** Of this machine, for a process that has to be told its port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address === 'object' && address) return address.port;
  throw new Error('found no port');
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function memoryOf({pid}: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** In ticks of a hundredth of a second. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function cpuOf({pid}: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
