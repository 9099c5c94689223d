import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {arch, tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {makeCommands} from './commands';
import {type MetadataServer, startMetadataServer} from './metadata-server';
import {makeRunnerPackage, pinnedVersion} from './runner-package';

export const RUNNER_FOLDER = join(__dirname, '../../../terraform/runner');
export const JIT_CONFIG = Buffer.from('a JIT config that nobody may see').toString('base64');

/** Architecture of this machine, as GitHub names it. */
export const ARCHITECTURE = arch() === 'arm64' ? 'arm64' : 'x64';

export interface MachineOptions {
  /** Body of the runner's run.sh. */
  readonly run: string;
  /** What stand-ins for commands do; null: the command is missing. */
  readonly commands?: Readonly<Record<string, string | null>>;
  readonly attributes?: Readonly<Record<string, string>>;
  /** How long a runner has to end once it is told to. */
  readonly graceSeconds?: number;
  /** Before a persistent runner that ended is started again; 0 unless given. */
  readonly pauseSeconds?: number;
}

/** Result of a boot: how the script ended, and all that it wrote. */
export interface Boot {
  readonly status: number | null;
  readonly output: string;
}

/** A stand-in for a VM: a folder as its file system, its own PATH, a metadata server. */
export class Machine {
  private booted: ChildProcess | undefined;
  private output = '';

  private constructor(
    readonly root: string,
    readonly server: MetadataServer,
    private readonly graceSeconds: number | undefined,
    private readonly pauseSeconds = 0,
  ) {}

  static async create(options: MachineOptions): Promise<Machine> {
    const root = mkdtempSync(join(tmpdir(), 'slipway-vm-'));
    const machine = new Machine(root, await startMetadataServer(), options.graceSeconds, options.pauseSeconds);
    for (const folder of ['var/log', 'dev']) mkdirSync(join(machine.root, folder), {recursive: true});
    makeCommands(join(machine.root, 'path'), options.commands);
    const {content, sha256} = makeRunnerPackage(options.run);
    machine.server.releases.set(releasePath(pinnedVersion()), content);
    machine.server.attributes.set(`slipway-runner-sha256-${ARCHITECTURE}`, sha256);
    for (const [name, value] of Object.entries(options.attributes ?? {})) machine.server.attributes.set(name, value);
    return machine;
  }

  /** Runs a script of terraform/runner, or of the machine by its full path, to its end. */
  async boot(script: string, ...args: string[]): Promise<Boot> {
    this.start(script, ...args);
    return await this.ended();
  }

  /** As `boot`, without waiting. The script and what it starts are ended by `destroy`. */
  start(script: string, ...args: string[]): void {
    this.output = '';
    this.booted = spawn('/bin/bash', [resolve(RUNNER_FOLDER, script), ...args], {
      env: {
        PATH: join(this.root, 'path'),
        SLIPWAY_ROOT: this.root,
        SLIPWAY_METADATA_URL: this.server.metadataUrl,
        SLIPWAY_IMDS_URL: this.server.imdsUrl,
        SLIPWAY_SPOT_POLL_SECONDS: '0.02',
        SLIPWAY_RELEASES_URL: this.server.releasesUrl,
        SLIPWAY_TICK_SECONDS: '0.02',
        SLIPWAY_STANDBY_WAIT_TRIES: '100',
        SLIPWAY_RETRY_SECONDS: '0',
        SLIPWAY_PAUSE_SECONDS: String(this.pauseSeconds),
        ...(this.graceSeconds === undefined ? {} : {SLIPWAY_GRACE_SECONDS: String(this.graceSeconds)}),
      },
    });
    const keep = (chunk: Buffer) => {
      this.output += chunk.toString();
      this.onOutput?.();
    };
    this.booted.stdout?.on('data', keep);
    this.booted.stderr?.on('data', keep);
  }

  private onOutput: (() => void) | undefined;

  /** Resolves when the script has written this text; rejects when it ends without. */
  said(text: string): Promise<void> {
    const process = this.process();
    return new Promise((resolve, reject) => {
      this.onOutput = () => this.output.includes(text) && resolve();
      process.once('close', () => reject(new Error(`expected «${text}» in the output, found:\n${this.output}`)));
      this.onOutput();
    });
  }

  async ended(): Promise<Boot> {
    const [status] = await once(this.process(), 'close');
    return {status, output: this.output};
  }

  signal(signal: NodeJS.Signals): void {
    this.process().kill(signal);
  }

  /** Calls of stand-ins, a line each. */
  calls(): string[] {
    return (this.read('calls') ?? '').split('\n').filter(Boolean);
  }

  /** Whether the script powered the machine off, once. */
  poweredOff(): boolean {
    return this.calls().filter((call) => call.startsWith('poweroff')).length === 1;
  }

  read(path: string): string | undefined {
    const file = join(this.root, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  async destroy(): Promise<void> {
    for (const pid of this.processes()) kill(pid);
    await this.server.close();
    rmSync(this.root, {recursive: true, force: true});
  }

  /** Everything that this machine has started and that still runs: it has the machine's root in its environment. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && environment(name).includes(`SLIPWAY_ROOT=${this.root}\0`))
      .map(Number);
  }

  private process(): ChildProcess {
    if (!this.booted) throw new Error('expected start() first');
    return this.booted;
  }
}

export function releasePath(version: string): string {
  return `v${version}/actions-runner-linux-${ARCHITECTURE}-${version}.tar.gz`;
}

/** Empty when the process has ended meanwhile. */
function environment(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
