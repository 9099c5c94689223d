import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer as createHttpServer, type Server} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import {type AddressInfo, connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {terraformFile} from '../builders/terraform-files';
import {KEPT_CONNECTIONS} from '../emulators/kept-connections';

jest.setTimeout(60_000);

const ROOT = join(__dirname, '../..');
const HOST = 'github.corp.example';

/** The client with which the functions call GitHub, in a process of its own, as Node reads these variables at its start. */
const PROGRAM = `
  const {createOctokit} = require('./shared/github/octokit');
  createOctokit({apiUrl: 'https://${HOST}/api/v3', timeoutMs: 10_000}).request('GET /meta')
    .then(({data}) => console.log('answer ' + data.installed_version), (error) => console.log('failed ' + (error.cause?.cause ?? error.cause ?? error).message));`;

/** A GitHub Enterprise Server with a certificate of its own authority, behind a proxy that alone knows where it is. */
let folder: string;
let github: Server;
let proxy: Server;
const asked: string[] = [];
const portOf = (server: Server) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-ca-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
  const names = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...made, ...names], {stdio: 'pipe'});
  const options = {...KEPT_CONNECTIONS, key: readFileSync(key), cert: readFileSync(certificate)};
  github = createTlsServer(options, (_, response) => {
    response.writeHead(200, {'content-type': 'application/json'}).end('{"installed_version": "3.19.0"}');
  });
  proxy = createHttpServer(KEPT_CONNECTIONS);
  proxy.on('connect', ({url = ''}, socket) => {
    asked.push(url);
    const beyond = connect(portOf(github), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(beyond).pipe(socket);
    });
    for (const end of [socket, beyond]) end.on('error', () => [socket, beyond].map((each) => each.destroy()));
  });
  for (const server of [github, proxy]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
});

afterAll(async () => {
  for (const server of [github, proxy]) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
  rmSync(folder, {recursive: true});
});

/** What the client says with these variables, of those that Terraform sets. */
async function callGitHub(names: readonly string[]): Promise<string> {
  const values: Readonly<Record<string, string>> = {
    HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}`,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    NODE_USE_ENV_PROXY: '1',
    NO_PROXY: 'metadata.google.internal,.googleapis.com',
  };
  const env = Object.fromEntries(names.map((name) => [name, values[name]]));
  const child = spawn(process.execPath, ['-r', 'ts-node/register/transpile-only', '-e', PROGRAM], {
    cwd: ROOT,
    env,
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return /^(answer|failed) .*$/m.exec(output)?.[0] ?? errors;
}

const SET = ['HTTPS_PROXY', 'NODE_EXTRA_CA_CERTS', 'NODE_USE_ENV_PROXY', 'NO_PROXY'];

test('Terraform sets the variables for certificates and a proxy', () => {
  for (const name of SET) expect(terraformFile('environment.tf')).toMatch(new RegExp(`^ +${name} +=`, 'm'));
});

test('with them the functions reach a GitHub behind the proxy, under a certificate of its own authority', async () => {
  asked.length = 0;
  expect(await callGitHub(SET)).toBe('answer 3.19.0');
  expect(asked).toEqual([`${HOST}:443`]);
});

test('without the certificates they do not trust it', async () => {
  const without = SET.filter((name) => name !== 'NODE_EXTRA_CA_CERTS');
  expect(await callGitHub(without)).toMatch(/^failed .*certificate/);
});

test('without NODE_USE_ENV_PROXY they would not use the proxy', async () => {
  asked.length = 0;
  expect(await callGitHub(SET.filter((name) => name !== 'NODE_USE_ENV_PROXY'))).toMatch(/^failed /);
  expect(asked).toEqual([]);
});
