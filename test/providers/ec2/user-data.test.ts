import {spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {gunzipSync} from 'node:zlib';
import {userData} from '../../../shared/providers/ec2/user-data';
import {Secret} from '../../../shared/secret';
import {variablesIn} from '../../emulators/aws/user-data';

const OPTIONS = {
  deployment: 'slipway',
  pool: 'linux',
  runner: 'slipway-linux-7-1',
  lifeSeconds: 22_500.4,
  idleSeconds: 900,
};

const scriptOf = (data: Secret) => gunzipSync(Buffer.from(data.reveal(), 'base64')).toString('utf8');

test('fits beside a JIT config of 6 KB in which nothing repeats itself', () => {
  const encodedJitConfig = new Secret(randomBytes((6 * 1024 * 3) / 4).toString('base64'));
  const data = Buffer.from(userData({...OPTIONS, encodedJitConfig}).reveal(), 'base64');
  expect(encodedJitConfig.reveal()).toHaveLength(6 * 1024);
  expect(data.length).toBeLessThanOrEqual(16 * 1024);
});

test('is a script of bash that sets its variables first', () => {
  const data = userData({...OPTIONS, encodedJitConfig: new Secret('ab+/=')});
  const script = scriptOf(data);
  expect(script).toMatch(
    /^#!\/bin\/bash\nSLIPWAY_CLOUD=ec2\nSLIPWAY_JITCONFIG='ab\+\/='\nSLIPWAY_LIFE_SECONDS=22501\n/,
  );
  expect(variablesIn(data.reveal())).toMatchObject({SLIPWAY_RUNNER: 'slipway-linux-7-1', SLIPWAY_POOL: 'linux'});
  const {status, stderr} = spawnSync('bash', ['-n'], {input: script, encoding: 'utf8'});
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
});

test('does what the whole startup script does, without its comments alone', () => {
  const script = scriptOf(userData({...OPTIONS, encodedJitConfig: new Secret('jit')}));
  const functions = (text: string) => {
    // Defines everything, and ends before anything is done.
    const input = `${text.replace(/^open_console$/m, 'declare -f; exit')}\n`;
    return spawnSync('/bin/bash', ['-s'], {input, encoding: 'utf8', env: {}}).stdout;
  };
  const {STARTUP_SCRIPT}: typeof import('../../../shared/providers/ec2/startup-script') =
    require('../../../shared/providers/ec2/startup-script');
  const whole = functions(STARTUP_SCRIPT);
  expect(whole).toContain('metadata_rules');
  expect(functions(script)).toBe(whole);
});

test('tells the machine of the runner application as on Google Cloud, and fits with it too', () => {
  const encodedJitConfig = new Secret(randomBytes((6 * 1024 * 3) / 4).toString('base64'));
  const sha256 = {x64: randomBytes(32).toString('hex'), arm64: randomBytes(32).toString('hex')};
  const application = {version: '2.340.0', sha256, refused: ['2.330.0', '2.331.0']};
  const data = userData({...OPTIONS, encodedJitConfig, application});
  expect(scriptOf(data).split('\n')).toEqual(
    expect.arrayContaining([
      "SLIPWAY_RUNNER_VERSION='2.340.0'",
      `SLIPWAY_RUNNER_SHA256_X64='${sha256.x64}'`,
      `SLIPWAY_RUNNER_SHA256_ARM64='${sha256.arm64}'`,
      "SLIPWAY_RUNNER_REFUSED='2.330.0 2.331.0'",
    ]),
  );
  expect(Buffer.from(data.reveal(), 'base64').length).toBeLessThanOrEqual(16 * 1024);
});

test('quotes what stands in it', () => {
  const script = scriptOf(userData({...OPTIONS, encodedJitConfig: new Secret("a'b$(c)`d`\\")}));
  const [, , line] = script.split('\n');
  const {stdout} = spawnSync('bash', ['-c', `${line}; printf %s "$SLIPWAY_JITCONFIG"`], {encoding: 'utf8'});
  expect(stdout).toBe("a'b$(c)`d`\\");
});
