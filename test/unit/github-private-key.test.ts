import {generateKeyPairSync} from 'node:crypto';
import {readPrivateKey} from '../../shared/github/private-key';
import {Secret} from '../../shared/secret';

const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
const pkcs1 = privateKey.export({type: 'pkcs1', format: 'pem'}).toString();
const pkcs8 = privateKey.export({type: 'pkcs8', format: 'pem'}).toString();

test.each([
  ['PEM in PKCS#1', pkcs1],
  ['PEM in PKCS#8', pkcs8],
  ['PEM with space around it', `\n  ${pkcs1}\n\n`],
  ['PEM with line ends spelt out', pkcs1.replaceAll('\n', '\\n')],
  ['PEM with Windows line ends', pkcs1.replaceAll('\n', '\r\n')],
  ['base64 of PEM', Buffer.from(pkcs1).toString('base64')],
  [
    'base64 of PEM, wrapped',
    Buffer.from(pkcs1)
      .toString('base64')
      .replace(/(.{76})/g, '$1\n'),
  ],
])('the key is read from %s', (_, given) => {
  expect(readPrivateKey(new Secret(given)).equals(privateKey)).toBe(true);
});

const elliptic = generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey.export({type: 'pkcs8', format: 'pem'});
test.each([
  ['nothing', '', 'neither PEM nor base64'],
  ['a token', 'ghp_0123456789', 'neither PEM nor base64'],
  ['only the first line', '-----BEGIN RSA PRIVATE KEY-----', 'PEM that holds no RSA private key'],
  ['a key of another kind', elliptic.toString(), 'PEM that holds no RSA private key'],
])('%s is refused without being repeated', (_, given, found) => {
  const read = () => readPrivateKey(new Secret(given));
  expect(read).toThrow(found);
  expect(read).toThrow('GITHUB_APP_PRIVATE_KEY');
  expect(read).not.toThrow('0123456789');
});
