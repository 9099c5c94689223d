import {Refused} from '../../../shared/errors';
import {quotaBreaker} from '../../../shared/model/breaker';
import {aPool} from '../../builders/lifecycle';
import {createRequest} from '../../contracts/provider';
import {REGION, SUBNETS} from '../../emulators/aws/places';

import {type Ec2World, type Ec2WorldOptions, NAME, openEc2World, SETTINGS} from './world';

let world: Ec2World;

async function open(options: Ec2WorldOptions = {}): Promise<Ec2World> {
  world = await openEc2World({isDirect: true, ...options});
  return world;
}

afterEach(() => world.close());

async function made(options: Ec2WorldOptions = {}) {
  const opened = await open(options);
  const outcome = await opened.provider.create(createRequest());
  if (outcome.kind !== 'created') throw new RangeError(`found ${outcome.kind}, expected created`);
  const [instance] = opened.alive();
  if (!instance) throw new RangeError('found no instance');
  return {...opened, instance, reference: {name: NAME, id: outcome.id, place: outcome.placement.place}};
}

describe('a machine', () => {
  test('that shuts down or is terminated is absent, although EC2 shows it for an hour', async () => {
    const {provider, reference, clock, world: aws} = await made();
    await provider.delete(reference);
    expect(aws.instances()).toMatchObject([{state: 'shutting-down'}]);
    expect(await provider.find(reference)).toBeUndefined();
    expect(await provider.delete(reference)).toBe('absent');
    expect(await provider.list()).toEqual({machines: [], complete: true});
    clock.advance(30 * 60_000);
    expect(aws.instances()).toMatchObject([{state: 'terminated'}]);
    expect(await provider.list()).toEqual({machines: [], complete: true});
    expect(await provider.find({name: NAME})).toBeUndefined();
  });

  test('that powers itself off ends: its shutdown behaviour is to terminate', async () => {
    const {instance, clock, world: aws, provider, reference} = await made();
    aws.powerOff(instance);
    clock.advance(60_000);
    expect(aws.instances()).toMatchObject([{state: 'terminated'}]);
    expect(await provider.wasPreempted?.(reference)).toBe(false);
    expect(await provider.failure?.(reference)).toMatch(/^its instance powered itself off/);
    expect(await provider.failure?.({name: NAME})).toMatch(/^its instance powered itself off/);
  });

  test.each(['Client.InternalError', 'Server.InternalError', 'Client.VolumeLimitExceeded'])(
    'that EC2 ended with %s says so',
    async (reason) => {
      const {instance, clock, world: aws, provider, reference} = await made();
      aws.terminate(instance.id);
      clock.advance(60_000);
      instance.stateReason = reason;
      expect(await provider.failure?.(reference)).toBe(`EC2 ended its instance with ${reason}`);
    },
  );

  test('that runs, or that somebody terminated, has not failed', async () => {
    const {clock, world: aws, provider, reference} = await made();
    expect(await provider.failure?.(reference)).toBeUndefined();
    aws.terminate(reference.id);
    expect(await provider.failure?.(reference)).toBeUndefined();
    clock.advance(60_000);
    expect(await provider.failure?.(reference)).toBeUndefined();
    clock.advance(2 * 3_600_000);
    expect(await provider.failure?.(reference)).toBeUndefined();
  });

  test('that EC2 interrupted was preempted, and no other one', async () => {
    const {provider, reference, instance, world: aws, clock} = await made({settings: {spot: 'only'}});
    expect(await provider.wasPreempted?.(reference)).toBe(false);
    aws.preempt(instance);
    expect(await provider.wasPreempted?.(reference)).toBe(true);
    expect(await provider.failure?.(reference)).toBeUndefined();
    clock.advance(60_000);
    expect(await provider.wasPreempted?.(reference)).toBe(true);
  });

  test('has a page in the console of its region, if its id is known', async () => {
    const {provider, reference} = await made();
    expect(await provider.page?.(reference)).toBe(
      `https://${REGION}.console.aws.amazon.com/ec2/home?region=${REGION}#InstanceDetails:instanceId=${reference.id}`,
    );
    expect(await provider.page?.({name: NAME})).toBeUndefined();
  });

  test('tells how far its start has come', async () => {
    const {provider, reference, world: aws} = await made();
    expect(await provider.console?.(reference)).toBeUndefined();
    aws.consoles.set(
      reference.id,
      '[ 1.0] boot\n2026-11-01T00:00:10Z slipway: installing nftables\nrunner: text of a job\n',
    );
    expect(await provider.console?.(reference)).toBe('2026-11-01T00:00:10Z slipway: installing nftables');
  });

  test('of somebody else, known by its id, is neither terminated nor read', async () => {
    const {provider, world: aws, log} = await open();
    const theirs = aws.add({name: NAME, deployment: 'another', isRunning: true});
    const reference = {name: NAME, id: theirs.id, place: theirs.place};
    expect(await provider.delete(reference)).toBe('absent');
    expect(await provider.console?.(reference)).toBeUndefined();
    expect(await provider.wasPreempted?.(reference)).toBe(false);
    expect(theirs.state).toBe('running');
    world.world.terminate(theirs.id);
    theirs.stateReason = 'Client.InternalError';
    expect(await provider.failure?.(reference)).toBeUndefined();
    expect(log.join('')).toContain('"decision":"foreign"');
  });
});

describe('pools that are gone', () => {
  test('leave machines that are found by the region of their place and AWS_ROLE_ARN', async () => {
    const {world: aws, provider} = await open({pools: [], defaultRole: SETTINGS.roleArn});
    const left = aws.add({name: NAME, deployment: 'slipway', pool: 'arm', isRunning: true});
    expect(await provider.delete({name: NAME, id: left.id, place: left.place})).toBe('accepted');
    expect((await provider.list()).complete).toBe(false);
  });

  test('and no role: what to set is said', async () => {
    const {provider} = await open({pools: []});
    const finding = provider.find({name: NAME, id: 'i-00000000000000001', place: `${REGION}/subnet-a`});
    await expect(finding).rejects.toThrow(Refused);
    await expect(finding).rejects.toThrow(/eu-central-1.*AWS_ROLE_ARN/);
  });
});

test('a region that does not answer makes the list incomplete, and says which places it is about', async () => {
  const other = {...SETTINGS, region: 'us-east-1', subnets: ['subnet-9']};
  const {provider, server} = await open({
    pools: [aPool({provider: SETTINGS}), aPool({name: 'east', provider: other})],
  });
  await provider.create(createRequest());
  // The emulator is one region; its second list is the other account's.
  let asked = 0;
  server.fault({match: ({action}) => action === 'DescribeInstances' && ++asked === 2, respond: 'reset'});
  expect(await provider.list()).toMatchObject({
    machines: [{name: NAME}],
    complete: false,
    unreadPlaces: ['us-east-1/subnet-9'],
  });
});

test('a quota that is used up holds back every pool of the account and region, and no other', async () => {
  const {provider, server} = await open();
  const east = aPool({name: 'east', provider: {...SETTINGS, quotaScopes: ['111122223333/us-east-1']}});
  server.fault({match: ({action}) => action === 'RunInstances', respond: {status: 400, code: 'VcpuLimitExceeded'}});
  const outcome = await provider.create(createRequest());
  const scope = outcome.kind === 'quota' ? outcome.quotaScope : '';
  const breaker = quotaBreaker(aPool({provider: SETTINGS}), scope);
  expect(breaker).toBe(`quota.ec2.111122223333_${REGION}`);
  expect(quotaBreaker(aPool({name: 'second', provider: SETTINGS}), scope)).toBe(breaker);
  expect(quotaBreaker(east, scope)).toBe('quota.pool.east');
});

describe('the check', () => {
  test('names the permission that the role lacks', async () => {
    const {provider, world: aws} = await open();
    aws.denied.add('ec2:RunInstances');
    expect(await provider.check('arm')).toMatchObject([
      {status: 'ok'},
      {status: 'ok'},
      {status: 'error', because: expect.stringContaining('may not run'), do: expect.stringContaining('RunInstances')},
    ]);
  });

  test.each(['m6g.large', 'subnet-b', 'subnet-f'])(
    'finds that the role may not run instances with %s',
    async (part) => {
      const {provider, world: aws} = await open({
        settings: {instanceTypes: ['m7g.large', 'm6g.large'], spot: 'prefer'},
      });
      aws.denied.add(`ec2:RunInstances ${part}`);
      const [, , permission] = await provider.check('arm');
      expect(permission).toMatchObject({status: 'error', because: expect.stringContaining(part)});
    },
  );

  test('names the trust policy where STS does not accept the token', async () => {
    const {provider, server} = await open({isDirect: false});
    server.sts.refusals.push(...Array(3).fill('InvalidIdentityToken'));
    for (const found of await provider.check('arm')) {
      expect(found).toMatchObject({status: 'error', do: expect.stringContaining('trust policy')});
    }
  });

  test.each([
    ['a launch template that is not there', {template: 'another'}, /launch template.*another/, 'launchTemplate'],
    ['a subnet that is not there', {subnets: ['subnet-0', ...SUBNETS]}, /subnet-0/, 'subnets'],
  ] as const)('names %s', async (_, settings, because, remedy) => {
    const {provider} = await open({settings});
    const errors = (await provider.check('arm')).filter(({status}) => status === 'error');
    expect(errors).toContainEqual(
      expect.objectContaining({because: expect.stringMatching(because), do: expect.stringContaining(remedy)}),
    );
  });

  test('names the role where it cannot be assumed, and not what could not be asked without it', async () => {
    const {provider} = await open({isDirect: false, audience: 'of-somebody-else'});
    for (const found of await provider.check('arm')) {
      expect(found).toMatchObject({status: 'error', because: expect.stringContaining('there is no such role, or')});
      expect(found.do).toMatch(/^Correct roleArn .* trust policy/);
    }
  });

  test('warns of a launch template whose instances stay when they shut down', async () => {
    const {provider, world: aws} = await open();
    aws.templates.splice(0, 1, {name: 'runner', id: 'lt-1'});
    expect((await provider.check('arm'))[0]).toMatchObject({
      status: 'warning',
      do: expect.stringContaining('terminate'),
    });
  });

  test('finds subnets without an address', async () => {
    const {provider, world: aws} = await open();
    aws.freeAddresses = 0;
    expect((await provider.check('arm'))[1]).toMatchObject({
      status: 'error',
      because: expect.stringContaining('subnet-a'),
    });
  });

  test('makes nothing', async () => {
    const {provider, world: aws, sent} = await open();
    await provider.check('arm');
    expect(aws.created()).toBe(0);
    const trials = sent('RunInstances');
    expect(trials.map(({SubnetId}) => SubnetId).sort()).toEqual([...SUBNETS].sort());
    for (const trial of trials) expect(trial).toMatchObject({DryRun: 'true'});
  });
});
