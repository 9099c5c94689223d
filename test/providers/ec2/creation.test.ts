import {randomBytes} from 'node:crypto';
import {placeOrder} from '../../../shared/providers/placements';
import {Secret} from '../../../shared/secret';
import {createRequest} from '../../contracts/provider';
import type {AwsFault} from '../../emulators/aws/api';
import {REGION, SUBNETS} from '../../emulators/aws/places';
import {variablesIn} from '../../emulators/aws/user-data';

import {type Ec2World, type Ec2WorldOptions, NAME, openEc2World} from './world';

let world: Ec2World;

async function open(options: Ec2WorldOptions = {}): Promise<Ec2World> {
  world = await openEc2World({isDirect: true, ...options});
  return world;
}

afterEach(() => {
  expect(world.server.violations).toEqual([]);
  return world.close();
});

const ORDER = placeOrder(NAME, SUBNETS);
const faultsOn = (action: string, times: number, respond: AwsFault) =>
  world.server.fault({match: (query) => query.action === action, times, respond});

describe('the request', () => {
  test('has what every instance needs, whatever the launch template says', async () => {
    const {provider, sent} = await open();
    const outcome = await provider.create(createRequest());
    expect(outcome.kind).toBe('created');
    const [request] = sent('RunInstances');
    expect(request).toMatchObject({
      ...{MinCount: '1', MaxCount: '1', InstanceType: 'm7g.large', SubnetId: ORDER[0], ClientToken: `${NAME}-0`},
      'LaunchTemplate.LaunchTemplateName': 'runner',
      'LaunchTemplate.Version': '$Default',
      InstanceInitiatedShutdownBehavior: 'terminate',
      'MetadataOptions.HttpTokens': 'required',
      'MetadataOptions.HttpPutResponseHopLimit': '1',
    });
    const specifications = [1, 2].map((index) => request?.[`TagSpecification.${index}.ResourceType`]);
    expect(specifications).toEqual(['instance', 'volume']);
    expect(request).not.toHaveProperty(['InstanceMarketOptions.MarketType']);
    expect(world.alive()[0]?.tags).toEqual({
      ...{Name: NAME, 'slipway-deployment': 'slipway', 'slipway-pool': 'arm', 'slipway-job': '7-1'},
    });
    expect(variablesIn(request?.['UserData'] ?? '')).toEqual({
      SLIPWAY_CLOUD: 'ec2',
      SLIPWAY_JITCONFIG: 'jit-config',
      SLIPWAY_LIFE_SECONDS: String((5 + 10 + 120 + 10) * 60),
      SLIPWAY_IDLE_SECONDS: '900',
      ...{SLIPWAY_DEPLOYMENT: 'slipway', SLIPWAY_POOL: 'arm', SLIPWAY_RUNNER: NAME},
    });
  });

  test('with spot is for one instance that ends when it is interrupted', async () => {
    const {provider, sent} = await open({settings: {spot: 'only', template: 'lt-0a1b2c3d', version: '2'}});
    await provider.create(createRequest());
    expect(sent('RunInstances')).toMatchObject([
      {
        'LaunchTemplate.LaunchTemplateId': 'lt-0a1b2c3d',
        'LaunchTemplate.Version': '2',
        'InstanceMarketOptions.MarketType': 'spot',
        'InstanceMarketOptions.SpotOptions.SpotInstanceType': 'one-time',
        'InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior': 'terminate',
      },
    ]);
  });

  test('that would be too long for EC2 is refused before it is sent', async () => {
    const {provider, sent} = await open();
    const random = randomBytes(16_384).toString('base64');
    const outcome = await provider.create(createRequest({encodedJitConfig: new Secret(random)}));
    expect(outcome).toMatchObject({kind: 'refused', message: expect.stringContaining('16384')});
    expect(outcome).toMatchObject({message: expect.not.stringContaining(random.slice(0, 50))});
    expect(sent('RunInstances')).toEqual([]);
  });

  test('of a name as long as names may be has a token that EC2 takes', async () => {
    const {provider, sent} = await open();
    const name = `slipway-arm-${'1'.repeat(49)}-1`;
    expect((await provider.create(createRequest({name}))).kind).toBe('created');
    expect(sent('RunInstances')[0]?.['ClientToken']).toMatch(/^[0-9a-f]{40}-0$/);
  });
});

describe('the ladder', () => {
  test('goes over subnets, then instance types, then from spot to standard, each with a token of its own', async () => {
    const {provider, sent} = await open({settings: {spot: 'prefer', instanceTypes: ['m7g.large', 'm6g.large']}});
    faultsOn('RunInstances', 11, {status: 500, code: 'InsufficientInstanceCapacity'});
    const outcome = await provider.create(createRequest());
    expect(outcome).toMatchObject({kind: 'created', placement: {machineType: 'm6g.large', spot: false}});
    const tried = sent('RunInstances');
    const rung = ({SubnetId, InstanceType, ...rest}: Readonly<Record<string, string>>) =>
      `${SubnetId} ${InstanceType} ${rest['InstanceMarketOptions.MarketType'] ?? 'standard'}`;
    expect(tried.map(rung)).toEqual(
      ['spot', 'standard'].flatMap((model) =>
        ['m7g.large', 'm6g.large'].flatMap((type) => ORDER.map((subnet) => `${subnet} ${type} ${model}`)),
      ),
    );
    expect(tried.map(({ClientToken}) => ClientToken)).toEqual(tried.map((_, index) => `${NAME}-${index}`));
  });

  test('that ends everywhere without capacity is no capacity, and is not climbed again for a while', async () => {
    const {provider, world: aws, sent} = await open();
    for (const zone of ['a', 'b', 'f']) aws.faults.stockOut(`us-central1-${zone}`);
    const places = ORDER.map((subnet) => ({place: `${REGION}/${subnet}`, spot: false, machineType: 'm7g.large'}));
    expect(await provider.create(createRequest())).toMatchObject({kind: 'no_capacity', tried: places});
    expect(await provider.create(createRequest())).toMatchObject({kind: 'no_capacity', tried: []});
    expect(sent('RunInstances')).toHaveLength(3);
  });

  test('a quota is the account’s in the region, and no other subnet is tried', async () => {
    const {provider, sent} = await open();
    faultsOn('RunInstances', 1, {status: 400, code: 'VcpuLimitExceeded'});
    expect(await provider.create(createRequest())).toMatchObject({
      kind: 'quota',
      quotaScope: `111122223333/${REGION}`,
    });
    expect(sent('RunInstances')).toHaveLength(1);
  });

  test('a quota of spot instances leads to a standard one', async () => {
    const {provider, sent} = await open({settings: {spot: 'prefer'}});
    faultsOn('RunInstances', 1, {status: 400, code: 'MaxSpotInstanceCountExceeded'});
    expect(await provider.create(createRequest())).toMatchObject({kind: 'created', placement: {spot: false}});
    expect(sent('RunInstances')).toHaveLength(2);
  });

  test('without the role for spot instances standard ones are created, and spot alone is refused', async () => {
    const respond = {status: 403, code: 'AuthFailure.ServiceLinkedRoleCreationNotPermitted'};
    const {provider, sent} = await open({settings: {spot: 'prefer'}});
    const isSpot = ({parameters}: {parameters: object}) => 'InstanceMarketOptions.MarketType' in parameters;
    world.server.fault({match: isSpot, times: 100, respond});
    expect(await provider.create(createRequest())).toMatchObject({kind: 'created', placement: {spot: false}});
    expect(sent('RunInstances').length).toBeGreaterThan(1);
    await world.close();

    const only = await open({settings: {spot: 'only'}});
    world.server.fault({match: isSpot, times: 100, respond});
    expect(await only.provider.create(createRequest())).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('ServiceLinkedRole'),
    });
  });

  test.each([
    ['RequestLimitExceeded', 503, 'rate_limited'],
    ['UnauthorizedOperation', 403, 'refused'],
    ['InvalidAMIID.NotFound', 400, 'refused'],
    ['SomethingNew', 400, 'refused'],
  ] as const)('%s ends it at once: %s %s', async (code, status, kind) => {
    const {provider, sent, alive} = await open();
    faultsOn('RunInstances', 1, {status, code});
    expect((await provider.create(createRequest())).kind).toBe(kind);
    expect(sent('RunInstances')).toHaveLength(1);
    expect(alive()).toEqual([]);
  });
});

describe('never two instances', () => {
  const settings = {instanceTypes: ['m7g.large']};

  test.each(['lost', 'reset', 'proxy', {status: 503, code: 'Unavailable'}] as const)(
    'when the first answer is %j, the same request is sent again',
    async (fault) => {
      const {provider, sent, alive} = await open({settings});
      faultsOn('RunInstances', 1, fault);
      const outcome = await provider.create(createRequest());
      expect(outcome).toMatchObject({kind: 'created', placement: {place: `${REGION}/${ORDER[0]}`}});
      expect(alive()).toHaveLength(1);
      const [first, second] = sent('RunInstances');
      expect(second).toEqual(first);
    },
  );

  test('when a lost request was answered by a refusal at its repetition, the instance of it is looked for first', async () => {
    const {provider, sent, alive} = await open({settings, world: {unseenMs: () => 20_000}});
    faultsOn('RunInstances', 1, 'lost');
    faultsOn('RunInstances', 1, {status: 500, code: 'InsufficientInstanceCapacity'});
    const outcome = await provider.create(createRequest());
    expect(outcome).toMatchObject({kind: 'created', placement: {place: `${REGION}/${ORDER[0]}`}});
    expect(alive()).toHaveLength(1);
    expect(sent('RunInstances')).toHaveLength(2);
    expect(sent('DescribeInstances')[0]).toMatchObject({'Filter.1.Value.1': `${NAME}-0`});
  });

  test('only when none has shown up for a minute is the next subnet tried', async () => {
    const {provider, sent, clock, alive} = await open({settings});
    const before = clock.now();
    faultsOn('RunInstances', 1, 'reset');
    faultsOn('RunInstances', 1, {status: 500, code: 'InsufficientInstanceCapacity'});
    const outcome = await provider.create(createRequest());
    expect(outcome).toMatchObject({kind: 'created', placement: {place: `${REGION}/${ORDER[1]}`}});
    expect(clock.now() - before).toBeGreaterThanOrEqual(60_000);
    expect(sent('RunInstances')).toHaveLength(3);
    expect(alive()).toHaveLength(1);
  });

  test('who renews a lease is called while it is waited', async () => {
    const {provider} = await open({settings});
    faultsOn('RunInstances', 2, 'reset');
    let beats = 0;
    const onWaiting = async () => void beats++;
    expect(await provider.create(createRequest({onWaiting}))).toMatchObject({kind: 'uncertain'});
    expect(beats).toBeGreaterThanOrEqual(2);
  });

  test('who renews a lease is called before the request is sent again', async () => {
    const {provider, sent} = await open({settings});
    faultsOn('RunInstances', 1, 'lost');
    const seen: number[] = [];
    const onWaiting = async () => void seen.push(sent('RunInstances').length);
    expect(await provider.create(createRequest({onWaiting}))).toMatchObject({kind: 'created'});
    expect(seen[0]).toBe(1);
  });

  test('a rate limit of the repetition says nothing about the first request', async () => {
    const {provider} = await open({settings});
    faultsOn('RunInstances', 1, 'reset');
    faultsOn('RunInstances', 1, {status: 503, code: 'RequestLimitExceeded'});
    expect(await provider.create(createRequest())).toMatchObject({kind: 'uncertain'});
  });

  test('who cannot look does not try elsewhere', async () => {
    const {provider, sent} = await open({settings});
    faultsOn('RunInstances', 1, 'reset');
    faultsOn('RunInstances', 1, {status: 500, code: 'InsufficientInstanceCapacity'});
    faultsOn('DescribeInstances', Number.POSITIVE_INFINITY, {status: 403, code: 'UnauthorizedOperation'});
    expect(await provider.create(createRequest())).toMatchObject({kind: 'uncertain'});
    expect(sent('RunInstances')).toHaveLength(2);
  });

  test('a token that an earlier execution has used with another JIT config names its instance', async () => {
    const {provider, alive} = await open({settings});
    const first = await provider.create(createRequest());
    const second = await provider.create(createRequest({encodedJitConfig: new Secret('another-jit-config')}));
    expect(second).toEqual(first);
    expect(alive()).toHaveLength(1);
  });

  test('a token whose instance has ended is taken: the name is not used again', async () => {
    const {provider} = await open({settings});
    await provider.create(createRequest());
    await provider.delete({name: NAME});
    const outcome = await provider.create(createRequest({encodedJitConfig: new Secret('another-jit-config')}));
    expect(outcome).toMatchObject({kind: 'name_taken'});
  });
});

describe('what is made', () => {
  test('is shown before it counts as created, so that whoever deletes it finds it', async () => {
    const {provider, clock, alive} = await open({world: {unseenMs: () => 25_000}});
    const before = clock.now();
    const outcome = await provider.create(createRequest());
    expect(clock.now() - before).toBeGreaterThanOrEqual(25_000);
    const id = outcome.kind === 'created' ? outcome.id : '';
    expect(await provider.delete({name: NAME, id})).toBe('accepted');
    expect(alive()).toEqual([]);
  });

  test('and ended its job before it was shown is no reason for another one', async () => {
    const {provider, world: aws, alive, clock} = await open({world: {unseenMs: () => 25_000}});
    aws.observe(({kind, machine}) => {
      if (kind === 'running') clock.at(clock.now() + 10_000, () => aws.powerOff(machine));
    });
    expect((await provider.create(createRequest())).kind).toBe('created');
    expect(aws.created()).toBe(1);
    expect(alive()).toEqual([]);
  });

  test('and ended at once for want of capacity leads to the next subnet', async () => {
    const {provider, world: aws, alive} = await open();
    aws.faults.failLate({times: 1});
    const outcome = await provider.create(createRequest());
    expect(outcome).toMatchObject({kind: 'created', placement: {place: `${REGION}/${ORDER[1]}`}});
    expect(alive()).toHaveLength(1);
  });
});
