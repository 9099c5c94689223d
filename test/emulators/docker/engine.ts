import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const DOCKERD = find('dockerd');
const DOCKER = find('docker');
const BUSYBOX = find('busybox');

/** The image of `start`: BusyBox, nothing else. */
export const IMAGE = 'slipway-test/busybox:1';

/** Why no Docker Engine can be started here, or undefined. */
export function missingForDocker(): string | undefined {
  if (process.platform !== 'linux') return `it is for Linux, and this is ${process.platform}`;
  const missing = Object.entries({dockerd: DOCKERD, docker: DOCKER, busybox: BUSYBOX}).filter(([, path]) => !path);
  if (missing.length > 0)
    return `found no ${missing.map(([name]) => name).join(', ')} (apt-get install docker.io busybox-static)`;
  if (!isStatic(BUSYBOX ?? '')) return 'busybox is not linked statically (apt-get install busybox-static)';
  return undefined;
}

function find(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find(existsSync);
}

/** No program header names an interpreter. */
function isStatic(path: string): boolean {
  return !readFileSync(path).subarray(0, 4096).includes('/ld-linux');
}

/**
 * A real Docker Engine on a socket of its own, which needs nothing of the kernel's network: no bridge, no rules. Its containers have the network
 * that they ask for, `host` or none.
 */
export class DockerEngine {
  private constructor(
    private readonly folder: string,
    private readonly daemon: ChildProcess,
  ) {}

  static async start(): Promise<DockerEngine> {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-docker-'));
    writeFileSync(join(folder, 'none.json'), '{}');
    const settings = [
      '--bridge=none',
      '--iptables=false',
      '--ip6tables=false',
      '--storage-driver=vfs',
      '--ip-forward=false',
    ];
    const daemon = spawn(
      DOCKERD ?? '',
      [
        '--host',
        `unix://${folder}/docker.sock`,
        '--data-root',
        join(folder, 'data'),
        '--exec-root',
        join(folder, 'exec'),
      ].concat(['--pidfile', join(folder, 'pid'), '--config-file', join(folder, 'none.json')], settings),
      {stdio: ['ignore', 'pipe', 'pipe'], env: {PATH: FOLDERS.join(':')}},
    );
    const engine = new DockerEngine(folder, daemon);
    await engine.listening();
    engine.makeImage();
    return engine;
  }

  /** `DOCKER_HOST` of this engine. */
  get address(): string {
    return `unix://${this.folder}/docker.sock`;
  }

  /** Runs the docker command; throws what it says when it fails. */
  docker(...args: readonly string[]): string {
    const {status, stdout, stderr} = spawnSync(DOCKER ?? '', args, {encoding: 'utf8', env: this.environment()});
    if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  /** Names of containers, running or not, by label `key=value`, or all. */
  containers(label?: string): string[] {
    const filter = label === undefined ? [] : ['--filter', `label=${label}`];
    return this.docker('ps', '--all', '--format', '{{.Names}}', ...filter)
      .split('\n')
      .filter(Boolean)
      .sort();
  }

  /** Resolves at the next event of a container whose line (`<action> <name>`) fits. Events since `since` (Unix seconds) count too. */
  async event(fits: (line: string) => boolean, since: number): Promise<string> {
    const events = spawn(
      DOCKER ?? '',
      [
        'events',
        '--since',
        String(since),
        '--filter',
        'type=container',
        '--format',
        '{{.Action}} {{.Actor.Attributes.name}}',
      ],
      {env: this.environment(), stdio: ['ignore', 'pipe', 'inherit']},
    );
    try {
      let rest = '';
      for await (const chunk of events.stdout) {
        const lines = `${rest}${chunk}`.split('\n');
        rest = lines.pop() ?? '';
        const found = lines.find(fits);
        if (found !== undefined) return found;
      }
      throw new Error('the stream of events ended');
    } finally {
      events.kill();
    }
  }

  async stop(): Promise<void> {
    const running = this.containers();
    if (running.length > 0) this.docker('rm', '--force', '--volumes', ...running);
    this.daemon.kill('SIGTERM');
    if (this.daemon.exitCode === null) await once(this.daemon, 'exit');
    // Docker leaves the network of its host mounted here once a container has used it.
    spawnSync('umount', [join(this.folder, 'exec/netns/default')], {stdio: 'ignore'});
    rmSync(this.folder, {recursive: true, force: true});
  }

  private environment(): NodeJS.ProcessEnv {
    return {PATH: FOLDERS.join(':'), DOCKER_HOST: this.address, HOME: this.folder};
  }

  private async listening(): Promise<void> {
    let said = '';
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('API listen on')) resolve();
      };
      this.daemon.stderr?.on('data', hear);
      this.daemon.stdout?.on('data', hear);
      this.daemon.once('exit', (code) => reject(new Error(`dockerd ended with ${code}:\n${said}`)));
    });
    await new Promise<void>((resolve, reject) => {
      request({socketPath: `${this.folder}/docker.sock`, path: '/_ping'}, (response) => {
        response.resume().once('end', resolve);
      })
        .once('error', reject)
        .end();
    });
  }

  /** No registry can be reached here: the image is made of one file. */
  private makeImage(): void {
    const root = join(this.folder, 'root');
    mkdirSync(join(root, 'bin'), {recursive: true});
    mkdirSync(join(root, 'tmp'));
    copyFileSync(BUSYBOX ?? '', join(root, 'bin/busybox'));
    for (const applet of [
      'sh',
      'cat',
      'env',
      'echo',
      'sleep',
      'wget',
      'id',
      'nc',
      'ls',
      'kill',
      'trap',
      'printf',
      'ps',
      'tr',
      'head',
    ])
      symlinkSync('busybox', join(root, 'bin', applet));
    const archive = join(this.folder, 'root.tar');
    const {status} = spawnSync('tar', ['-C', root, '-cf', archive, '.']);
    if (status !== 0) throw new Error('tar failed');
    this.docker('import', archive, IMAGE);
  }
}
