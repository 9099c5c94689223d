import type {MachineReference} from '../../../shared/providers/provider';
import {createRequest} from '../../contracts/provider';
import {APP, OTHER_APP, OTHER_TEAM} from '../../emulators/codemagic/world';
import {type CodemagicTest, codemagicPool, openCodemagic} from './world';

const NAME = 'slipway-arm-7-1';

let opened: CodemagicTest;

/** A build of pool `arm`, and the record of it. */
async function made(): Promise<CodemagicTest & {readonly reference: MachineReference & {readonly id: string}}> {
  opened = await openCodemagic();
  const outcome = await opened.provider.create(createRequest());
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  return {...opened, reference: {name: NAME, id: outcome.id, pool: 'arm', place: APP}};
}

afterEach(async () => {
  await opened.close();
  expect(opened.server.violations).toEqual([]);
});

const moved = codemagicPool({app: OTHER_APP, team: OTHER_TEAM});
const reads = () => opened.server.requests.filter(({url}) => url.startsWith('/builds/'));

test.each([
  ['has another team', [codemagicPool({team: OTHER_TEAM})]],
  ['has another application in another team', [moved]],
  ['is gone, and another one is left', [{...moved, name: 'other'}]],
  ['is gone, and no other is left', []],
])('a build whose pool %s is listed, for one call', async (_, pools) => {
  const {changedTo, reference} = await made();
  const {machines, complete} = await changedTo(pools).list([reference]);
  expect({machines, complete}).toMatchObject({machines: [{name: NAME, id: reference.id, place: APP}], complete: true});
  expect(reads()).toHaveLength(1);
});

test('a build that has ended is missing', async () => {
  const {changedTo, reference, world} = await made();
  world.cancel(reference.id);
  expect(await changedTo([moved]).list([reference])).toEqual({machines: [], complete: true});
});

test('a build that cannot be read is not missing: its application is unread, and no other', async () => {
  const {changedTo, reference, server} = await made();
  const provider = changedTo([{...moved, name: 'other'}]);
  await provider.create(createRequest({name: 'slipway-other-8-1', pool: 'other'}));
  server.fault({match: ({url}) => url === `/builds/${reference.id}`, respond: {status: 503}});
  expect(await provider.list([reference])).toMatchObject({
    machines: [{name: 'slipway-other-8-1', place: OTHER_APP}],
    complete: false,
    unreadPlaces: [APP],
  });
});

test('a build without an id on record is missing only where its application’s list was read', async () => {
  const {provider, changedTo, reference, world} = await made();
  world.cancel(reference.id);
  const {id: _, ...withoutId} = reference;
  expect(await provider.list([withoutId])).toEqual({machines: [], complete: true});
  expect(await changedTo([moved]).list([withoutId])).toEqual({machines: [], complete: false, unreadPlaces: [APP]});
});

test('while a list is not complete, nothing is asked for beside it', async () => {
  const {changedTo, reference, server} = await made();
  const provider = changedTo([moved, {...codemagicPool(), name: 'other'}]);
  server.fault({match: ({url}) => url.includes(OTHER_TEAM), respond: {status: 503}});
  expect(await provider.list([{...reference, id: 'another'}])).toMatchObject({complete: false});
  expect(reads()).toEqual([]);
});

test('what the lists have costs no call', async () => {
  const {provider, reference} = await made();
  expect(await provider.list([reference])).toMatchObject({machines: [{name: NAME}], complete: true});
  expect(reads()).toEqual([]);
});
