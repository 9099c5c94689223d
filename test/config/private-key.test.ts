import {generateKeyPairSync} from 'node:crypto';
import {checkedPrivateKey, parsePrivateKey} from '../../shared/config/credentials';
import {Refused} from '../../shared/errors';
import {Secret} from '../../shared/secret';
import {PKCS1, PKCS8} from './environments';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const ec = generateKeyPairSync('ec', {namedCurve: 'P-256'})
  .privateKey.export({type: 'pkcs8', format: 'pem'})
  .toString();
const rsa = generateKeyPairSync('rsa', {modulusLength: 2048});
const publicKey = rsa.publicKey.export({type: 'spki', format: 'pem'}).toString();
const cipher = {cipher: 'aes-256-cbc', passphrase: 'x'};
const encrypted1 = rsa.privateKey.export({type: 'pkcs1', format: 'pem', ...cipher}).toString();
const encrypted8 = rsa.privateKey.export({type: 'pkcs8', format: 'pem', ...cipher}).toString();

test.each<[string, string]>([
  ['PKCS#1 PEM', PKCS1],
  ['PKCS#8 PEM', PKCS8],
  ['PEM with Windows line ends', PKCS1.replaceAll('\n', '\r\n')],
  ['PEM with \\n escapes', PKCS1.replaceAll('\n', '\\n')],
  ['PEM with \\r\\n escapes', PKCS8.replaceAll('\n', '\\r\\n')],
  ['PEM with spaces in place of line ends', PKCS1.replaceAll('\n', ' ')],
  ['quoted PEM', `"${PKCS1.replaceAll('\n', '\\n')}"`],
  ['base64 of PKCS#1 PEM', base64(PKCS1)],
  ['base64 of PKCS#8 PEM, in lines', base64(PKCS8).replaceAll(/(.{76})/g, '$1\n')],
  ['base64 of PEM with \\n escapes', base64(PKCS1.replaceAll('\n', '\\n'))],
])('%s gives PKCS#8 PEM', (_, text) => {
  expect(parsePrivateKey(text)).toEqual({kind: 'pem', pem: PKCS8});
});

test.each<[string, string, string]>([
  ['nonsense', 'nonsense', 'text that is neither PEM nor base64 of PEM'],
  ['base64 of nonsense', base64('nonsense'), 'text that is neither PEM nor base64 of PEM'],
  ['PEM without its end', PKCS1.slice(0, 400), 'text that is neither PEM nor base64 of PEM'],
  ['PEM without its middle', PKCS1.slice(0, 400) + PKCS1.slice(700), 'PEM that is damaged or cut short'],
  ['a public key', publicKey, 'PEM that holds no private key'],
  ['an elliptic key', ec, 'a private key of type ec'],
  ['an encrypted PKCS#1 key', encrypted1, 'an encrypted private key'],
  ['an encrypted PKCS#8 key', encrypted8, 'an encrypted private key'],
])('%s is invalid, and the message shows nothing of it', (_, text, found) => {
  expect(parsePrivateKey(text)).toMatchObject({kind: 'invalid', found});
});

test.each([
  ['as GitHub offers it', PKCS1],
  ['with line ends spelt out', PKCS1.replaceAll('\n', '\\n')],
  ['in base64', base64(PKCS1)],
])('a key %s that was read at run time is PKCS#8 PEM', (_, given) => {
  expect(checkedPrivateKey(new Secret(given)).reveal()).toBe(PKCS8);
});

test.each(['', 'ghp_0123456789', '-----BEGIN RSA PRIVATE KEY-----\n0123456789'])(
  'a text that is no key is refused at run time without being quoted: %j',
  (given) => {
    const read = () => checkedPrivateKey(new Secret(given));
    expect(read).toThrow(Refused);
    expect(read).toThrow('GITHUB_APP_PRIVATE_KEY');
    expect(read).not.toThrow('0123456789');
  },
);
