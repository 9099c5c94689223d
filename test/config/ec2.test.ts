import {parseConfig} from '../../shared/config/config';
import {InvalidConfiguration} from '../../shared/errors';
import {isEphemeral} from '../../shared/model/pool';

const ROLE = 'arn:aws:iam::111122223333:role/slipway';
const EC2 = {
  ...{type: 'ec2', region: 'eu-central-1', launchTemplate: 'runner', roleArn: ROLE},
  ...{subnets: ['subnet-1', 'subnet-2'], instanceTypes: ['m7i.large', 'm7a.large']},
};

function read(provider: object, env: Readonly<Record<string, string>> = {}, pool: object = {requires: ['aws']}) {
  const RUNNER_CONFIG = JSON.stringify({pools: [{name: 'aws', repo: 'acme/app', ...pool, provider}]});
  return parseConfig(
    {RUNNER_MANAGER_SECRET: 'a-secret-for-this-test', GITHUB_TOKEN: 'token', RUNNER_CONFIG, ...env},
    'api',
  );
}

function problems(...parameters: Parameters<typeof read>): string {
  try {
    read(...parameters);
    return '';
  } catch (error) {
    if (error instanceof InvalidConfiguration) return error.message;
    throw error;
  }
}

const settingsOf = (...parameters: Parameters<typeof read>) =>
  read(...parameters)
    .pools.filter(isEphemeral)
    .map(({provider}) => provider);

test('a pool of type ec2 gets every default', () => {
  expect(settingsOf(EC2)).toEqual([
    {
      ...{type: 'ec2', region: 'eu-central-1', template: 'runner', version: '$Default', spot: 'never', roleArn: ROLE},
      ...{subnets: ['subnet-1', 'subnet-2'], instanceTypes: ['m7i.large', 'm7a.large']},
      quotaScopes: ['111122223333/eu-central-1'],
    },
  ]);
});

test('AWS_ROLE_ARN is the role of pools that name none', () => {
  const {roleArn: _, ...without} = EC2;
  const other = 'arn:aws:iam::444455556666:role/other';
  expect(settingsOf(without, {AWS_ROLE_ARN: other})).toMatchObject([
    {roleArn: other, quotaScopes: ['444455556666/eu-central-1']},
  ]);
  expect(settingsOf(EC2, {AWS_ROLE_ARN: other})).toMatchObject([{roleArn: ROLE}]);
  expect(problems(without)).toMatch(/pools\[0\]\.provider\.roleArn: found nothing, expected .*AWS_ROLE_ARN/);
});

test('the audience is named by the deployment, and endpoints may be others', () => {
  expect(read(EC2).aws).toEqual({audience: 'slipway-slipway', endpoints: {}});
  const env = {
    ...{DEPLOYMENT: 'ci', AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:1/', AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:2/'},
    AWS_ROLE_ARN: ROLE,
  };
  expect(read(EC2, env).aws).toEqual({
    audience: 'slipway-ci',
    endpoints: {ec2: 'http://127.0.0.1:1/', sts: 'http://127.0.0.1:2/'},
    roleArn: ROLE,
  });
  expect(read(EC2, {...env, AWS_WEB_IDENTITY_AUDIENCE: 'of-ours'}).aws.audience).toBe('of-ours');
});

test.each([
  ['region', {region: 'us-central1'}, /provider\.region: found "us-central1", expected a region of AWS/],
  ['template', {launchTemplate: 'a b'}, /provider\.launchTemplate/],
  ['version', {version: 'newest'}, /provider\.version: .*\$Default or \$Latest/],
  ['subnets', {subnets: []}, /provider\.subnets: .*at least one subnet/],
  ['a subnet', {subnets: ['eu-central-1a']}, /provider\.subnets\[0\]/],
  ['types', {instanceTypes: []}, /provider\.instanceTypes: .*at least one instance type/],
  ['a type', {instanceTypes: ['c4a-standard-4']}, /provider\.instanceTypes\[0\]: .*m7i\.large/],
  ['spot', {spot: 'often'}, /provider\.spot: .*never, prefer or only/],
  ['role', {roleArn: 'slipway'}, /provider\.roleArn: .*arn:aws:iam/],
  ['a field of another provider', {zones: ['us-central1-a']}, /zones/],
] as const)('a wrong %s is an error that says what was expected', (_, change, expected) => {
  expect(problems({...EC2, ...change})).toMatch(expected);
});

test.each([
  ['AWS_ROLE_ARN', 'slipway'],
  ['AWS_WEB_IDENTITY_AUDIENCE', 'two words'],
  ['AWS_ENDPOINT_URL_EC2', '127.0.0.1:80'],
  ['AWS_ENDPOINT_URL_STS', 'ftp://sts'],
])('a wrong %s is an error', (name, value) => {
  expect(problems(EC2, {[name]: value})).toContain(`${name}: found`);
});

test.each([
  ['m7g.large', 'x64', true],
  ['c7gn.xlarge', 'x64', true],
  ['t4g.small', 'arm64', false],
  ['a1.large', 'arm64', false],
  ['m7i-flex.large', 'arm64', true],
  ['g4dn.xlarge', 'x64', false],
  ['g5.xlarge', 'arm64', true],
  ['m7a.large', 'x64', false],
])('%s for the label %s: wrong is %s', (type, label, isWrong) => {
  const found = problems({...EC2, instanceTypes: [type]}, {}, {requires: ['self-hosted', label]});
  expect(found.includes('a label that fits the machine type')).toBe(isWrong);
});
