import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync, readdirSync, realpathSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import {delimiter, dirname, join} from 'node:path';

const SCRIPT = join('platform', 'cloud-firestore-emulator', 'cloud_firestore_emulator');
const START_MS = 60_000;

export interface Emulator {
  /** `host:port` */
  readonly host: string;
  stop(): void;
}

/** The start script of Google's emulator, or why there is none. */
export function findEmulator(path: string): {script: string} | {missing: string} {
  if (!onPath(path, 'java')) return {missing: 'Java is not on the PATH'};
  const gcloud = onPath(path, 'gcloud');
  const roots = ['/usr/lib/google-cloud-sdk', ...(gcloud ? [dirname(dirname(realpathSync(gcloud)))] : [])];
  const root = roots.find((candidate) => existsSync(join(candidate, SCRIPT)));
  if (root) return {script: join(root, SCRIPT)};
  return {missing: 'Google’s Firestore emulator is not installed: gcloud components install cloud-firestore-emulator'};
}

/** Starts the emulator on a free port, in a process group of its own, which `stop` ends. */
export async function startEmulator(script: string): Promise<Emulator> {
  const port = await freePort();
  const child = spawn(script, ['start', '--host=127.0.0.1', `--port=${port}`], {detached: true, stdio: 'ignore'});
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const stop = () => end(child);
  process.once('exit', stop);
  // Ctrl-C ends jest without an `exit`, and does not reach the emulator's own process group.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stop();
      process.kill(process.pid, signal);
    });
  }
  const deadline = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (failure || Date.now() > deadline || child.exitCode !== null) {
      stop();
      throw new Error(`the Firestore emulator (${script}) did not start within ${START_MS} ms; try it by hand`, {
        cause: failure ?? `exit code ${child.exitCode}`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {host: `127.0.0.1:${port}`, stop};
}

function end(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function onPath(path: string, name: string): string | undefined {
  const folder = path.split(delimiter).find((entry) => existsSync(entry) && readdirSync(entry).includes(name));
  return folder && join(folder, name);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const {port} = server.address() as {port: number};
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.end());
  });
}
