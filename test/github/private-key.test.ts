import {generateKeyPairSync} from 'node:crypto';
import {Refused} from '../../shared/errors';
import {readPrivateKey} from '../../shared/github/app';
import {Secret} from '../../shared/secret';

const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
const pem = privateKey.export({type: 'pkcs1', format: 'pem'}).toString();

test.each([
  ['as GitHub offers it', pem],
  ['with line ends spelt out', pem.replaceAll('\n', '\\n')],
  ['in base64', Buffer.from(pem).toString('base64')],
])('a key %s is read', (_, given) => {
  expect(readPrivateKey(new Secret(given)).equals(privateKey)).toBe(true);
});

test.each(['', 'ghp_0123456789', '-----BEGIN RSA PRIVATE KEY-----\n0123456789'])(
  'what is no key is refused without being repeated: %j',
  (given) => {
    const read = () => readPrivateKey(new Secret(given));
    expect(read).toThrow(Refused);
    expect(read).toThrow('GITHUB_APP_PRIVATE_KEY');
    expect(read).not.toThrow('0123456789');
  },
);
