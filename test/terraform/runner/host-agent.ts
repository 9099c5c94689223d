import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {RUNNER_FOLDER} from './machine';

/** The agent of a Docker host as a process, with a folder of its own. */
export class HostAgent {
  readonly folder = mkdtempSync(join(tmpdir(), 'slipway-host-'));
  output = '';
  private process: ChildProcess | undefined;

  constructor(
    private readonly options: {
      readonly url: string;
      readonly docker: string;
      readonly token: string;
      readonly network?: string;
    },
  ) {
    mkdirSync(join(this.folder, 'tmp'));
    writeFileSync(join(this.folder, 'token'), `${options.token}\n`, {mode: 0o600});
  }

  start(environment: Readonly<Record<string, string>> = {}): void {
    this.process = spawn('/bin/bash', [join(RUNNER_FOLDER, 'docker-host.sh')], {
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: this.folder,
        TMPDIR: join(this.folder, 'tmp'),
        SLIPWAY_ROOT: this.folder,
        SLIPWAY_API_URL: this.options.url,
        SLIPWAY_HOST: 'builder',
        SLIPWAY_HOST_TOKEN_FILE: join(this.folder, 'token'),
        SLIPWAY_DOCKER_NETWORK: this.options.network ?? '',
        DOCKER_HOST: this.options.docker,
        ...environment,
      },
    });
    const keep = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    this.process.stdout?.on('data', keep);
    this.process.stderr?.on('data', keep);
  }

  /** Ends the agent by the signal; the exit code. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const process = this.process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return process?.exitCode ?? null;
    process.kill(signal);
    const [code] = (await once(process, 'exit')) as [number | null];
    return code;
  }

  /** Its own exit code, once it has ended by itself. */
  async ended(): Promise<number | null> {
    const [code] = (await once(this.process as ChildProcess, 'close')) as [number | null];
    return code;
  }

  /** Every command line on this machine, and every file in the agent's folders that others than its user may read. */
  readableByOthers(): string {
    const lines = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => read(`/proc/${pid}/cmdline`));
    return lines.join('\n');
  }

  async destroy(): Promise<void> {
    await this.end('SIGKILL');
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    rmSync(this.folder, {recursive: true, force: true});
  }

  /** What the agent has started and that still runs. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/environ`).includes(`SLIPWAY_ROOT=${this.folder}\0`))
      .map(Number);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
