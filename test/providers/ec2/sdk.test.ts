import * as Sdk from '@aws-sdk/client-ec2';
import {AssumeRoleWithWebIdentityCommand, STSClient} from '@aws-sdk/client-sts';
import {ec2Api} from '../../../shared/providers/ec2/client/api';
import {roleCredentials} from '../../../shared/providers/ec2/client/credentials';
import type {InstanceQuery, RunRequest} from '../../../shared/providers/ec2/client/ec2';
import {Ec2Failure} from '../../../shared/providers/ec2/client/errors';
import {readAnswer} from '../../../shared/providers/ec2/client/send';
import {parseXml} from '../../../shared/providers/ec2/client/xml';
import {Secret} from '../../../shared/secret';
import {REGION, ROLE} from '../../emulators/aws/places';
import {element, response} from '../../emulators/aws/render';
import {AwsServer, FUNCTIONS_ACCOUNT} from '../../emulators/aws/server';
import {AwsWorld} from '../../emulators/aws/world';
import {OidcIssuer} from '../../emulators/oidc';
import {VirtualScheduler} from '../../emulators/scheduler';

/** AWS's own client is what our requests and our reading of answers are held against, in both directions. */

const RUN: RunRequest = {
  subnet: 'subnet-a',
  instanceType: 'm7i.large',
  spot: false,
  template: 'runner',
  version: '$Default',
  clientToken: 'slipway-arm-7-1-0',
  tags: {Name: 'slipway-arm-7-1', 'slipway-deployment': 'slipway', 'slipway-pool': 'arm & <co>'},
  userData: new Secret(Buffer.from('#!/bin/bash\n# +/=&é').toString('base64')),
};

async function openAws() {
  const clock = new VirtualScheduler(Date.now());
  const oidc = await OidcIssuer.create(clock);
  const world = new AwsWorld({scheduler: clock, startMs: 0, unseenMs: () => 0});
  const server = new AwsServer({world, scheduler: clock, oidc});
  const urls = await server.listen();
  const [accessKeyId, secretAccessKey, sessionToken] = ['ASIASDK', 'secret-of-the-sdk', 'token-of-the-sdk'];
  const expiresAtMs = clock.now() + 3_600_000;
  server.sts.credentials.push({roleArn: ROLE, accessKeyId, secretAccessKey, sessionToken, expiresAtMs});
  const credentials = {accessKeyId, secretAccessKey, sessionToken};
  const common = {region: REGION, credentials, maxAttempts: 1};
  return {
    ...{clock, oidc, world, server, urls},
    sdk: new Sdk.EC2Client({...common, endpoint: urls.AWS_ENDPOINT_URL_EC2}),
    sts: new STSClient({...common, endpoint: urls.AWS_ENDPOINT_URL_STS}),
    ours: ec2Api(async (action, parameters) => {
      const answer = server.answer({action, parameters, region: REGION});
      if (answer === 'broken') throw new Error('the emulator is well');
      return readAnswer(action, {...answer, date: null});
    }),
  };
}

let aws: Awaited<ReturnType<typeof openAws>>;

beforeEach(async () => {
  aws = await openAws();
});
afterEach(async () => {
  aws.sdk.destroy();
  aws.sts.destroy();
  await aws.server.close();
});

const tagSpecification = (ResourceType: 'instance' | 'volume') => ({
  ResourceType,
  Tags: Object.entries(RUN.tags).map(([Key, Value]) => ({Key, Value})),
});

const RUN_INPUT: Sdk.RunInstancesCommandInput = {
  MinCount: 1,
  MaxCount: 1,
  LaunchTemplate: {LaunchTemplateName: 'runner', Version: '$Default'},
  InstanceType: 'm7i.large',
  SubnetId: 'subnet-a',
  UserData: RUN.userData.reveal(),
  ClientToken: RUN.clientToken,
  InstanceInitiatedShutdownBehavior: 'terminate',
  MetadataOptions: {HttpTokens: 'required', HttpPutResponseHopLimit: 1, HttpEndpoint: 'enabled'},
  TagSpecifications: [tagSpecification('instance'), tagSpecification('volume')],
};

const SPOT: Sdk.InstanceMarketOptionsRequest = {
  MarketType: 'spot',
  SpotOptions: {SpotInstanceType: 'one-time', InstanceInterruptionBehavior: 'terminate'},
};

type Case = readonly [
  what: string,
  ours: (ec2: ReturnType<typeof ec2Api>) => Promise<unknown>,
  sdk: (client: Sdk.EC2Client) => Promise<unknown>,
];

const describing = (query: InstanceQuery, input: Sdk.DescribeInstancesCommandInput): Case => [
  `DescribeInstances by ${Object.keys(query).join()}`,
  (ec2) => ec2.describeInstances(query),
  (client) => client.send(new Sdk.DescribeInstancesCommand(input)),
];
const running = (request: RunRequest, input: Partial<Sdk.RunInstancesCommandInput>): Case => [
  `RunInstances with ${Object.keys(input).join()}`,
  (ec2) => ec2.runInstance(request),
  (client) => client.send(new Sdk.RunInstancesCommand({...RUN_INPUT, ...input})),
];

describe('a request of AWS’s SDK for the same input has the same parameters', () => {
  test.each<Case>([
    running(RUN, {}),
    running({...RUN, spot: true}, {InstanceMarketOptions: SPOT}),
    running(
      {...RUN, disk: {device: '/dev/sda1', sizeGb: 200, settings: {VolumeType: 'gp3', Encrypted: 'true'}}},
      {
        BlockDeviceMappings: [
          {
            DeviceName: '/dev/sda1',
            Ebs: {VolumeType: 'gp3', Encrypted: true, VolumeSize: 200, DeleteOnTermination: true},
          },
        ],
      },
    ),
    running(
      {...RUN, template: 'lt-0a1b2c3d', version: '3'},
      {LaunchTemplate: {LaunchTemplateId: 'lt-0a1b2c3d', Version: '3'}},
    ),
    [
      'RunInstances with DryRun',
      (ec2) => ec2.tryRunInstance(RUN),
      (client) => client.send(new Sdk.RunInstancesCommand({...RUN_INPUT, DryRun: true})),
    ],
    describing({ids: ['i-00000000000000001']}, {InstanceIds: ['i-00000000000000001']}),
    describing({clientToken: 'a-0'}, {Filters: [{Name: 'client-token', Values: ['a-0']}], MaxResults: 1000}),
    describing(
      {tags: {Name: 'slipway-arm-7-1', 'slipway-deployment': 'slipway'}},
      {
        Filters: [
          {Name: 'tag:Name', Values: ['slipway-arm-7-1']},
          {Name: 'tag:slipway-deployment', Values: ['slipway']},
        ],
        MaxResults: 1000,
      },
    ),
    [
      'TerminateInstances',
      (ec2) => ec2.terminateInstance('i-00000000000000001'),
      (client) => client.send(new Sdk.TerminateInstancesCommand({InstanceIds: ['i-00000000000000001']})),
    ],
    [
      'GetConsoleOutput',
      (ec2) => ec2.consoleOutput('i-00000000000000001'),
      (client) => client.send(new Sdk.GetConsoleOutputCommand({InstanceId: 'i-00000000000000001'})),
    ],
    [
      'DescribeLaunchTemplateVersions',
      (ec2) => ec2.launchTemplate('runner', '$Default'),
      (client) =>
        client.send(
          new Sdk.DescribeLaunchTemplateVersionsCommand({LaunchTemplateName: 'runner', Versions: ['$Default']}),
        ),
    ],
    [
      'DescribeSubnets',
      (ec2) => ec2.subnets(['subnet-a', 'subnet-b']),
      (client) => client.send(new Sdk.DescribeSubnetsCommand({SubnetIds: ['subnet-a', 'subnet-b']})),
    ],
  ])('%s', async (_, ours, sdk) => {
    await ours(aws.ours).catch(() => undefined);
    await sdk(aws.sdk).catch(() => undefined);
    expect(aws.server.requests).toHaveLength(2);
    const [first, second] = aws.server.requests;
    expect(first).toEqual(second);
    expect(aws.server.violations).toEqual([]);
  });

  test('AssumeRoleWithWebIdentity, which neither signs', async () => {
    const token = await aws.oidc.token({audience: 'slipway-slipway', email: FUNCTIONS_ACCOUNT});
    const seen = jest.spyOn(aws.server.sts, 'perform');
    const RoleSessionName = 'slipway-slipway';
    const answer = await aws.sts.send(
      new AssumeRoleWithWebIdentityCommand({
        ...{RoleArn: ROLE, RoleSessionName, WebIdentityToken: token, DurationSeconds: 3600},
      }),
    );
    const ours = roleCredentials({
      ...{roleArn: ROLE, audience: 'slipway-slipway', sessionName: RoleSessionName, clock: aws.clock},
      ...{stsUrl: aws.urls.AWS_ENDPOINT_URL_STS, identityToken: async () => token},
    });
    await ours.current();
    const [[first], [second]] = seen.mock.calls as [[unknown], [unknown]];
    expect(first).toEqual(second);
    const [, ofSdk, own] = aws.server.sts.credentials;
    expect(answer.Credentials).toMatchObject({
      AccessKeyId: ofSdk?.accessKeyId,
      SecretAccessKey: ofSdk?.secretAccessKey,
      SessionToken: ofSdk?.sessionToken,
    });
    // Both read the same form of answer.
    expect(await ours.current()).toEqual({
      accessKeyId: own?.accessKeyId,
      secretAccessKey: own?.secretAccessKey,
      sessionToken: own?.sessionToken,
      expiresAtMs: Math.floor((own?.expiresAtMs ?? 0) / 1000) * 1000,
    });
  });
});

/** What ours is, in the SDK's words. */
function inSdkWords(instance: Sdk.Instance | undefined) {
  return {
    id: instance?.InstanceId,
    state: instance?.State?.Name,
    subnet: instance?.SubnetId ?? '',
    instanceType: instance?.InstanceType,
    isSpot: instance?.InstanceLifecycle === 'spot',
    launchTime: instance?.LaunchTime?.toISOString(),
    clientToken: instance?.ClientToken,
    tags: Object.fromEntries((instance?.Tags ?? []).map(({Key, Value}) => [Key, Value])),
    stateReason: instance?.StateReason?.Code ?? '',
  };
}

describe('AWS’s SDK and our reader read the same answer alike', () => {
  test.each([
    ['running', {}, () => undefined],
    ['spot and interrupted', {spot: true}, (id: string) => aws.world.preempt(instanceOf(id))],
    ['terminated', {}, (id: string) => aws.world.terminate(id) && aws.clock.advance(60_000)],
  ] as const)('an instance that is %s', async (_, changes, change) => {
    const {id} = await aws.ours.runInstance({...RUN, ...changes});
    change(id);
    const [own] = await aws.ours.describeInstances({ids: [id]});
    const answer = await aws.sdk.send(new Sdk.DescribeInstancesCommand({InstanceIds: [id]}));
    expect(own).toEqual(inSdkWords(answer.Reservations?.[0]?.Instances?.[0]));
    expect(own?.tags['slipway-pool']).toBe('arm & <co>');
  });

  test('an instance that was just made', async () => {
    const own = await aws.ours.runInstance(RUN);
    const answer = await aws.sdk.send(new Sdk.RunInstancesCommand(RUN_INPUT));
    expect(own).toEqual(inSdkWords(answer.Instances?.[0]));
    expect(aws.world.created()).toBe(1);
  });

  test('a launch template, subnets and a console', async () => {
    const {id} = await aws.ours.runInstance(RUN);
    aws.world.consoles.set(id, 'line 1\nslipway: é\n');
    const template = await aws.sdk.send(
      new Sdk.DescribeLaunchTemplateVersionsCommand({LaunchTemplateName: 'runner', Versions: ['$Default']}),
    );
    const [version] = template.LaunchTemplateVersions ?? [];
    expect(await aws.ours.launchTemplate('runner', '$Default')).toEqual({
      name: version?.LaunchTemplateName,
      version: String(version?.VersionNumber),
      shutdownBehavior: version?.LaunchTemplateData?.InstanceInitiatedShutdownBehavior,
    });
    const subnets = await aws.sdk.send(new Sdk.DescribeSubnetsCommand({SubnetIds: ['subnet-a']}));
    expect(await aws.ours.subnets(['subnet-a'])).toEqual(
      subnets.Subnets?.map(({SubnetId, AvailabilityZone, AvailableIpAddressCount}) => ({
        id: SubnetId,
        zone: AvailabilityZone,
        freeAddresses: AvailableIpAddressCount,
      })),
    );
    const output = await aws.sdk.send(new Sdk.GetConsoleOutputCommand({InstanceId: id}));
    expect(await aws.ours.consoleOutput(id)).toBe(Buffer.from(output.Output ?? '', 'base64').toString('utf8'));
  });

  test.each([
    [400, 'VcpuLimitExceeded', 'You need <more> & "more"'],
    [500, 'InsufficientInstanceCapacity', 'none'],
    [403, 'UnauthorizedOperation', 'no'],
    [412, 'DryRunOperation', 'would'],
  ])('a refusal: HTTP %i %s', async (status, code, message) => {
    aws.server.fault({times: 2, respond: {status, code, message}});
    const own: unknown = await aws.ours.runInstance(RUN).catch((error: unknown) => error);
    const theirs: unknown = await aws.sdk.send(new Sdk.RunInstancesCommand(RUN_INPUT)).catch((error: unknown) => error);
    expect(own).toBeInstanceOf(Ec2Failure);
    expect(theirs).toMatchObject({name: code, $metadata: {httpStatusCode: status}});
    expect(own).toMatchObject({code, message: expect.stringContaining(message)});
    expect(theirs).toMatchObject({message: expect.stringContaining(message)});
  });
});

test('a parameter that the SDK’s schema does not have is refused, and noticed', async () => {
  const answer = aws.server.answer({action: 'RunInstances', parameters: {'TagSpecification.1.Resource': 'instance'}});
  expect(answer).toMatchObject({status: 400, text: expect.stringContaining('UnknownParameter')});
  expect(aws.server.violations).toHaveLength(1);
});

test('an empty list is read as one without entries', async () => {
  const ours = ec2Api(async () => {
    return parseXml(response('DescribeInstances', element('reservationSet'))) ?? '';
  });
  expect(await ours.describeInstances({clientToken: 'none'})).toEqual([]);
});

function instanceOf(id: string) {
  const found = aws.world.instances().find((instance) => instance.id === id);
  if (!found) throw new RangeError(`no instance ${id}`);
  return found;
}
