import type {Ec2ProviderConfig} from '../../../shared/providers/ec2/config';
import {aPool} from '../../builders/lifecycle';
import {createRequest} from '../../contracts/provider';
import {AwsApi} from '../../emulators/aws/api';
import {directEc2} from '../../emulators/aws/direct';
import {OTHER_REGION, REGION, ROLE} from '../../emulators/aws/places';
import {AwsWorld} from '../../emulators/aws/world';
import {VirtualScheduler} from '../../emulators/scheduler';
import {type Ec2World, type Ec2WorldOptions, NAME, openEc2World, SETTINGS} from './world';

const HOUR = 3_600_000;
const OTHER_ROLE = 'arn:aws:iam::444455556666:role/slipway';

let world: Ec2World;

/** A machine of a pool `arm` in all subnets of the region, and the record of it. */
async function made(options: Ec2WorldOptions = {}) {
  world = await openEc2World({isDirect: true, ...options});
  const outcome = await world.provider.create(createRequest());
  const [instance] = world.alive();
  if (outcome.kind !== 'created' || !instance) throw new RangeError(`found ${outcome.kind}, expected created`);
  const {place} = outcome.placement;
  world.clock.advance(60_000);
  return {...world, instance, place, reference: {name: NAME, id: outcome.id, pool: 'arm', place}};
}

afterEach(async () => {
  expect(world.server.violations).toEqual([]);
  await world.close();
});

const settings = (change: Partial<Ec2ProviderConfig>): Ec2ProviderConfig => ({...SETTINGS, ...change});
const inOtherRegion = settings({region: OTHER_REGION});
/** Pool `arm` without the subnet of this place. */
const withoutSubnetOf = (place: string) =>
  aPool({provider: settings({subnets: SETTINGS.subnets.filter((subnet) => !place.endsWith(subnet))})});

test.each([
  ['was moved to another region', [aPool({provider: inOtherRegion})]],
  ['is gone, and others are in another region', [aPool({name: 'other', provider: inOtherRegion})]],
  ['is gone, and no other is left', []],
])('a machine whose pool %s is listed, with its id on record or without it', async (_, pools) => {
  const {changedTo, reference, place} = await made();
  const {id: _id, ...withoutId} = reference;
  const provider = changedTo(pools, ROLE);
  for (const one of [reference, withoutId]) {
    expect(await provider.list([one])).toMatchObject({machines: [{name: NAME, place}], complete: true});
  }
});

test('without a role for its region it is not missing: its place is unread', async () => {
  const {changedTo, reference, place} = await made();
  const listed = await changedTo([aPool({provider: inOtherRegion})]).list([reference]);
  expect(listed).toEqual({machines: [], complete: false, unreadPlaces: [place]});
});

test('in an account that no role reaches any more it is not missing, although another one has the region', async () => {
  const other = new AwsWorld({scheduler: new VirtualScheduler(), startMs: 0});
  const theirs = directEc2(new AwsApi(other));
  world = await openEc2World({isDirect: true, elsewhere: ({roleArn}) => (roleArn === OTHER_ROLE ? theirs : undefined)});
  const {id, place} = other.add({name: NAME, deployment: 'slipway', pool: 'arm', isElsewhere: true, isRunning: true});
  const reference = {name: NAME, id, pool: 'arm', place};
  const reaching = world.changedTo([aPool({provider: settings({roleArn: OTHER_ROLE})})]);
  expect(await reaching.list([reference])).toMatchObject({machines: [{id}], complete: true});
  expect(await world.provider.list([reference])).toEqual({machines: [], complete: false, unreadPlaces: [place]});
});

test('while an account does not answer, former subnets of its pools are unread, too', async () => {
  const {changedTo, reference, place, server} = await made();
  const kept = withoutSubnetOf(place);
  const provider = changedTo([kept, aPool({name: 'other', provider: inOtherRegion})]);
  server.fault({match: ({region}) => region === REGION, times: Number.POSITIVE_INFINITY, respond: 'reset'});
  const {complete, unreadPlaces = []} = await provider.list([reference]);
  expect(complete).toBe(false);
  expect([...unreadPlaces].sort()).toEqual(SETTINGS.subnets.map((subnet) => `${REGION}/${subnet}`).sort());
});

test('while it cannot be read, its place is unread', async () => {
  const {changedTo, reference, place, server} = await made();
  const provider = changedTo([aPool({provider: inOtherRegion})], ROLE);
  server.fault({match: ({region}) => region === REGION, respond: 'proxy'});
  expect(await provider.list([reference])).toEqual({machines: [], complete: false, unreadPlaces: [place]});
});

describe('in a former subnet of its pool', () => {
  test('a machine that has ended is missing, as long as EC2 shows it and after that', async () => {
    const {changedTo, reference, place, clock, sent} = await made();
    const provider = changedTo([withoutSubnetOf(place)]);
    await provider.delete(reference);
    expect(await provider.list([reference])).toEqual({machines: [], complete: true});
    expect(sent('DescribeSubnets')).toEqual([]);
    clock.advance(2 * HOUR);
    expect(await provider.list([reference])).toEqual({machines: [], complete: true});
    expect(sent('DescribeSubnets')).toEqual([{'SubnetId.1': place.slice(REGION.length + 1)}]);
  });

  test('a machine that EC2 shows no more is not missing where the subnet cannot be asked for', async () => {
    const {changedTo, reference, place, clock, world: aws} = await made();
    const provider = changedTo([withoutSubnetOf(place)]);
    await provider.delete(reference);
    clock.advance(2 * HOUR);
    aws.denied.add('ec2:DescribeSubnets');
    expect(await provider.list([reference])).toEqual({machines: [], complete: false, unreadPlaces: [place]});
  });
});

test('an instance of somebody else is not listed by an id on record', async () => {
  const {changedTo, instance, reference} = await made();
  instance.tags['slipway-deployment'] = 'another';
  expect(await changedTo([], ROLE).list([reference])).toEqual({machines: [], complete: true});
});

test('what a list has, or would have, costs no call', async () => {
  const {provider, reference, sent} = await made();
  const before = sent('DescribeInstances').length;
  const ended = {...reference, name: 'slipway-arm-8-1', id: 'i-0000000000000ffff'};
  expect(await provider.list([reference, ended])).toMatchObject({machines: [{name: NAME}], complete: true});
  expect(sent('DescribeInstances')).toHaveLength(before + 1);
});
