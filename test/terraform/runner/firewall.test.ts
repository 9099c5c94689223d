import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {findCommand, makeCommands, missingForScripts} from './commands';
import {describeIfPossible} from './describe-scripts';
import {ARCHITECTURE, JIT_CONFIG, RUNNER_FOLDER, releasePath} from './machine';
import {COMPLETED, makeRunnerPackage, pinnedVersion, RUNNING} from './runner-package';

const TOOLS = ['nft', 'unshare', 'ip', 'setpriv', 'chown'];
const NOBODY = 65534;

/** A network namespace has its own rules: nothing of the machine's own network is touched. */
function whyNot(): string | undefined {
  const missing = TOOLS.filter((name) => !findCommand(name));
  if (missing.length > 0) return `${missing.join(', ')} not found (apt-get install nftables iproute2 util-linux)`;
  if (process.getuid?.() !== 0) return 'they want root';
  const tried = spawnSync('unshare', ['--net', 'nft', 'list', 'ruleset'], {encoding: 'utf8'});
  if (tried.status !== 0) return `no network namespace with nftables here: ${tried.stderr.trim()}`;
  return missingForScripts();
}

/** Serves the files of a folder, as a metadata server would, at the addresses of Google Cloud's and EC2's; and on the port of DNS. */
const SERVER = `
const {createServer} = require('node:http'), {readFile} = require('node:fs');
const serve = (request, response) => readFile(process.argv[1] + request.url, (error, content) => {
  response.writeHead(error ? 404 : 200).end(content);
});
let open = 4;
for (const [port, host] of [[80, '169.254.169.254'], [53, '169.254.169.254'], [80, 'fd20:ce::254'], [80, 'fd00:ec2::254']]) {
  createServer(serve).listen(port, host, () => --open || console.log('ready'));
}`;

/** The metadata server gets its addresses on the namespace's loopback, so that the script runs with its own defaults. */
const IN_NAMESPACE = `
set -eu
ip link set lo up
ip address add 169.254.169.254/32 dev lo
ip address add fd20:ce::254/128 dev lo nodad
ip address add fd00:ec2::254/128 dev lo nodad
"$NODE" -e "$SERVER" "$SLIPWAY_ROOT/served" >"$SLIPWAY_ROOT/server.log" &
trap "kill $!" EXIT
until grep -q ready "$SLIPWAY_ROOT/server.log"; do kill -0 $!; sleep 0.02; done
PATH="$SLIPWAY_ROOT/path" /bin/bash "$SCRIPT"`;

const ask = (who: string) => `
for url in http://169.254.169.254/open 'http://[fd20:ce::254]/open' 'http://[fd00:ec2::254]/open' http://169.254.169.254:53/open; do
  code=0; curl --silent --max-time 5 --output /dev/null "$url" || code=$?
  echo "${who} $url $code"
done`;

describeIfPossible(whyNot(), 'the tests of the real firewall')('the real nftables', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-firewall-'));
    chmodSync(root, 0o755);
    for (const folder of ['var/log', 'dev']) mkdirSync(join(root, folder), {recursive: true});
  });
  afterEach(() => rmSync(root, {recursive: true, force: true}));

  const serve = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(root, 'served', path)), {recursive: true});
    writeFileSync(join(root, 'served', path), content);
  };

  it('keeps the runner from the metadata server, but not root, and nobody from DNS', () => {
    const {content, sha256} = makeRunnerPackage(`${RUNNING}\nid -u\n${ask('runner')}\n${COMPLETED}`);
    const attributes = 'computeMetadata/v1/instance/attributes';
    serve(`${attributes}/slipway-jit-config`, JIT_CONFIG);
    serve(`${attributes}/slipway-runner-sha256-${ARCHITECTURE}`, sha256);
    serve(`releases/${releasePath(pinnedVersion())}`, content);
    serve('open', 'anybody may read this');
    makeCommands(join(root, 'path'), {
      nft: `exec ${findCommand('nft')} "$@"`,
      id: `exec ${findCommand('id')} -u`,
      chown: `exec ${findCommand('chown')} -R ${NOBODY}:${NOBODY} "$3"`,
      setpriv: `while [[ $1 != -- ]]; do shift; done
        exec ${findCommand('setpriv')} --reuid ${NOBODY} --regid ${NOBODY} --clear-groups "$@"`,
      poweroff: ask('root'),
    });
    writeFileSync(join(root, 'calls'), '', {mode: 0o666});
    chmodSync(join(root, 'calls'), 0o666);

    const {stdout, stderr} = spawnSync('unshare', ['--net', 'bash', '-c', IN_NAMESPACE], {
      encoding: 'utf8',
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        NODE: process.execPath,
        SERVER,
        SCRIPT: join(RUNNER_FOLDER, 'startup.sh'),
        SLIPWAY_ROOT: root,
        SLIPWAY_RELEASES_URL: 'http://169.254.169.254/releases',
        SLIPWAY_TICK_SECONDS: '0.05',
        SLIPWAY_RETRY_SECONDS: '0',
      },
    });

    const refused = 7;
    expect(`${stdout}${stderr}`).toContain(`\nrunner: ${NOBODY}\n`);
    const told = stdout.split('\n').map((line) => line.replace(/^runner: /, ''));
    expect(told.filter((line) => /^(runner|root) /.test(line))).toEqual([
      `runner http://169.254.169.254/open ${refused}`,
      `runner http://[fd20:ce::254]/open ${refused}`,
      `runner http://[fd00:ec2::254]/open ${refused}`,
      'runner http://169.254.169.254:53/open 0',
      'root http://169.254.169.254/open 0',
      'root http://[fd20:ce::254]/open 0',
      'root http://[fd00:ec2::254]/open 0',
      'root http://169.254.169.254:53/open 0',
    ]);
  });

  it('takes the rules again at the next boot', () => {
    const rules = /<<'RULES'\n([\s\S]+?)\nRULES/.exec(
      spawnSync('cat', [join(RUNNER_FOLDER, 'startup.sh')], {encoding: 'utf8'}).stdout,
    )?.[1];
    const script = 'nft --file - <<<"$RULES"; nft --file - <<<"$RULES"; nft list ruleset';
    const {stdout, status} = spawnSync('unshare', ['--net', 'bash', '-ec', script], {
      encoding: 'utf8',
      env: {PATH: '/usr/sbin:/usr/bin:/sbin:/bin', RULES: rules},
    });
    expect(status).toBe(0);
    expect(stdout.match(/hook (output|forward)/g)).toEqual(['hook output', 'hook forward']);
  });
});
