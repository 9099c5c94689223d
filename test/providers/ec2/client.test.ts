import {createEc2} from '../../../shared/providers/ec2/client/client';
import type {Ec2} from '../../../shared/providers/ec2/client/ec2';
import {classifyCode} from '../../../shared/providers/ec2/client/errors';
import {useMetadataServer} from '../../emulators/aws/metadata-host';
import {REGION, ROLE} from '../../emulators/aws/places';
import {AwsServer} from '../../emulators/aws/server';
import {AwsWorld} from '../../emulators/aws/world';
import {OidcIssuer} from '../../emulators/oidc';
import {VirtualScheduler} from '../../emulators/scheduler';

const MINUTE = 60_000;
const QUERY = {tags: {Name: 'slipway-arm-7-1'}};

interface Opened {
  readonly clock: VirtualScheduler;
  readonly server: AwsServer;
  readonly ec2: Ec2;
  open(options?: {readonly roleArn?: string; readonly audience?: string; readonly region?: string}): Ec2;
}

let aws: Opened;
let takeBack: () => void;

beforeEach(async () => {
  const clock = new VirtualScheduler();
  const oidc = await OidcIssuer.create(clock);
  const server = new AwsServer({world: new AwsWorld({scheduler: clock}), scheduler: clock, oidc});
  const urls = await server.listen();
  takeBack = useMetadataServer(urls.GCE_METADATA_HOST);
  const open: Opened['open'] = ({roleArn = ROLE, audience = 'slipway-slipway', region = REGION} = {}) =>
    createEc2({
      ...{region, roleArn, audience, sessionName: 'slipway-slipway', clock},
      endpoints: {ec2: urls.AWS_ENDPOINT_URL_EC2, sts: urls.AWS_ENDPOINT_URL_STS},
    });
  aws = {clock, server, ec2: open(), open};
});
afterEach(async () => {
  takeBack();
  await aws.server.close();
});

const ask = (ec2: Ec2 = aws.ec2) => ec2.describeInstances(QUERY);
const refused = (ec2?: Ec2) => ask(ec2).catch((error: unknown) => error);

test('the identity token of the service account becomes credentials, with which requests are signed', async () => {
  expect(await ask()).toEqual([]);
  expect(aws.server.tokens).toEqual(['slipway-slipway']);
  expect(aws.server.sts.credentials).toHaveLength(1);
  expect(aws.server.violations).toEqual([]);
});

test('many callers at once share one role session', async () => {
  await Promise.all(Array.from({length: 20}, () => ask()));
  expect(aws.server.tokens).toHaveLength(1);
  expect(aws.server.sts.credentials).toHaveLength(1);
});

test('credentials are kept until five minutes before their end', async () => {
  await ask();
  aws.clock.advance(54 * MINUTE);
  await ask();
  expect(aws.server.sts.credentials).toHaveLength(1);
  aws.clock.advance(MINUTE);
  await Promise.all([ask(), ask()]);
  expect(aws.server.sts.credentials).toHaveLength(2);
});

test('credentials that AWS has ended are replaced, once', async () => {
  await ask();
  const [first] = aws.server.sts.credentials;
  aws.server.fault({respond: {status: 400, code: 'RequestExpired'}});
  await ask();
  expect(aws.server.sts.credentials).toHaveLength(2);
  expect(first).toBeDefined();
  aws.server.fault({times: 2, respond: {status: 400, code: 'RequestExpired'}});
  expect(await refused()).toMatchObject({code: 'RequestExpired', failureClass: 'denied'});
});

test.each([-60, -12, 12, 60])('a clock that is %i minutes off is set by the answer, once', async (minutes) => {
  aws.server.aheadMs = minutes * MINUTE;
  expect(await ask()).toEqual([]);
  expect(aws.server.requests).toHaveLength(1);
  await ask();
  expect(aws.server.requests).toHaveLength(2);
  // What was skewed is not a reason for another session each time.
  expect(aws.server.sts.credentials.length).toBeLessThanOrEqual(2);
});

test.each([
  ['another audience', {audience: 'of-somebody-else'}, 'AccessDenied', 'trust policy'],
  ['a role that is not there', {roleArn: `${ROLE}-2`}, 'AccessDenied', 'trust policy'],
] as const)('%s is refused with what to look at', async (_, options, code, hint) => {
  const error = await refused(aws.open(options));
  expect(error).toMatchObject({code, failureClass: 'denied', message: expect.stringContaining(hint)});
  expect(String(error)).not.toMatch(/eyJ/);
});

test.each(['ExpiredTokenException', 'InvalidIdentityToken', 'IDPCommunicationError'])(
  '%s may pass: a later request has another token',
  async (code) => {
    aws.server.sts.refusals.push(code);
    expect(await refused()).toMatchObject({code, failureClass: 'rate', retryable: true});
    expect(await ask()).toEqual([]);
    expect(aws.server.tokens).toHaveLength(2);
  },
);

test('without a metadata server nothing was sent, so it may be tried again', async () => {
  await aws.server.close();
  expect(await refused()).toMatchObject({failureClass: 'rate', code: 'NO_IDENTITY_TOKEN'});
});

test.each(['lost', 'reset', 'proxy'] as const)('an answer that is %s leaves it uncertain', async (fault) => {
  aws.server.fault({respond: fault});
  expect(await refused()).toMatchObject({failureClass: 'uncertain'});
});

test('a list goes on until the last page', async () => {
  for (let n = 0; n < 2_500; n++) aws.server.world.add({name: 'slipway-arm-7-1'});
  expect(await ask()).toHaveLength(2_500);
  const pages = aws.server.requests.map(({parameters}) => parameters['NextToken']);
  expect(pages).toEqual([undefined, '1000', '2000']);
});

test.each([
  ['InsufficientInstanceCapacity', 500, 'zone_full'],
  ['InsufficientHostCapacity', 500, 'zone_full'],
  ['InsufficientCapacity', 400, 'zone_full'],
  ['UnfulfillableCapacity', 400, 'zone_full'],
  ['SpotMaxPriceTooLow', 400, 'zone_full'],
  ['Unsupported', 400, 'zone_full'],
  ['InsufficientFreeAddressesInSubnet', 400, 'zone_full'],
  ['InsufficientCapacityOnHost', 400, 'zone_full'],
  ['MaxSpotInstanceCountExceeded', 400, 'quota'],
  ['VcpuLimitExceeded', 400, 'quota'],
  ['InstanceLimitExceeded', 400, 'quota'],
  ['VolumeLimitExceeded', 400, 'quota'],
  ['ResourceLimitExceeded', 400, 'quota'],
  ['RequestLimitExceeded', 503, 'rate'],
  ['Throttling', 400, 'rate'],
  ['ThrottlingException', 400, 'rate'],
  ['EC2ThrottledException', 400, 'rate'],
  ['InternalError', 500, 'uncertain'],
  ['InternalFailure', 500, 'uncertain'],
  ['Unavailable', 503, 'uncertain'],
  ['ServiceUnavailable', 503, 'uncertain'],
  ['RequestTimeout', 400, 'uncertain'],
  ['IdempotentParameterMismatch', 400, 'conflict'],
  ['UnauthorizedOperation', 403, 'denied'],
  ['AuthFailure', 401, 'denied'],
  ['AuthFailure.ServiceLinkedRoleCreationNotPermitted', 403, 'invalid'],
  ['Blocked', 400, 'denied'],
  ['OptInRequired', 401, 'denied'],
  ['PendingVerification', 400, 'denied'],
  ['InvalidParameterValue', 400, 'denied'],
  ['InvalidAMIID.NotFound', 400, 'denied'],
  ['InvalidSubnetID.NotFound', 400, 'denied'],
  ['InvalidLaunchTemplateName.NotFoundException', 400, 'denied'],
  ['SomethingNew', 400, 'denied'],
  ['SomethingNew', 429, 'rate'],
  ['SomethingNew', 503, 'uncertain'],
  ['', 404, 'uncertain'],
  ['', 502, 'uncertain'],
] as const)('the code %j with HTTP %i means %s', (code, status, failureClass) => {
  expect(classifyCode(code, status)).toBe(failureClass);
});
