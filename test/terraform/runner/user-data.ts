import {gunzipSync} from 'node:zlib';
import {userData} from '../../../shared/providers/ec2/user-data';
import {Secret} from '../../../shared/secret';

/** The user data that the control plane gives an instance, as cloud-init unpacks it. `changes`: other values, or more variables. */
export function unpackedUserData(encodedJitConfig: string, changes: Readonly<Record<string, string>>): string {
  const data = userData({
    deployment: 'slipway',
    pool: 'linux-ec2',
    runner: 'slipway-linux-ec2-44200000894-1',
    encodedJitConfig: new Secret(encodedJitConfig),
    lifeSeconds: 22_500,
    idleSeconds: 900,
  });
  const script = gunzipSync(Buffer.from(data.reveal(), 'base64')).toString('utf8');
  return Object.entries(changes).reduce((text, [name, value]) => {
    const line = `${name}='${value}'`;
    const given = new RegExp(`^${name}=.*$`, 'm');
    return given.test(text) ? text.replace(given, line) : text.replace('\n', `\n${line}\n`);
  }, script);
}
