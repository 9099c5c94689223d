import {spawn} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {type Built, builtOnce} from './built-once';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** All of the environment; `PATH` is the folder `bin` beside the command alone, unless it is given. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Ends the process by SIGINT, as Ctrl-C does, once stdout holds what it accepts. */
  readonly until?: (stdout: string) => boolean;
}

/** The command `slipway` as people run it: the built file, in a process of its own. */
export class CommandLine {
  readonly folder = mkdtempSync(join(tmpdir(), 'slipway-cli-'));

  private constructor(private readonly built: Built) {
    symlinkSync(join(built.folder, 'cli'), join(this.folder, 'cli'));
  }

  /** Takes some seconds. */
  static build(): CommandLine {
    return new CommandLine(builtOnce('cli', 'index.ts', '--only-cli'));
  }

  remove(): void {
    this.built.remove();
    rmSync(this.folder, {recursive: true, force: true});
  }

  run(args: readonly string[], {env = {}, input = '', until}: RunOptions = {}): Promise<Ended> {
    const file = join(this.folder, 'cli', 'index.js');
    const child = spawn(process.execPath, [file, ...args], {
      cwd: this.folder,
      env: {PATH: join(this.folder, 'bin'), ...env},
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (until?.(stdout)) child.kill('SIGINT');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    return new Promise((done, reject) => {
      child.once('error', reject);
      child.once('close', (code) => done({code, stdout, stderr}));
    });
  }

  /** A file beside the command. Returns its path. */
  write(name: string, text: string, mode = 0o644): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }
}
