import {type Clients, GLOBAL, openClients, SPOT, TEMPLATE} from './clients';

const ID = '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed';

let compute: Clients;
beforeEach(async () => {
  compute = await openClients();
});
afterEach(() => compute.close());

const get = async (name: string) => (await compute.instances.get(compute.at(name)))[0];
const itemsOf = async (name: string) => (await get(name)).metadata?.items?.map(({key}) => key);

test.each([
  ['a full URL', `https://www.googleapis.com/compute/v1/${GLOBAL}`],
  ['a path', GLOBAL],
  ['a partial path', 'global/instanceTemplates/runner'],
])('an instance is made from a template given as %s', async (_, sourceInstanceTemplate) => {
  await compute.wait(await compute.insert({name: 'r-1'}, {sourceInstanceTemplate}));
  expect(await get('r-1')).toMatchObject({
    status: 'RUNNING',
    labels: {team: 'ci'},
    tags: {items: ['runner']},
    scheduling: {provisioningModel: 'STANDARD', automaticRestart: true},
    machineType: expect.stringMatching(/zones\/us-central1-a\/machineTypes\/n2-standard-4$/),
  });
  expect(await itemsOf('r-1')).toEqual(['startup-script']);
});

test('a regional template serves its own region only', async () => {
  compute.world.addTemplate({...TEMPLATE, name: 'there', region: 'europe-west1'});
  const sourceInstanceTemplate = 'projects/p/regions/europe-west1/instanceTemplates/there';
  await compute.insert({name: 'r-1'}, {sourceInstanceTemplate, zone: 'europe-west1-b'});
  await expect(compute.insert({name: 'r-2'}, {sourceInstanceTemplate})).rejects.toMatchObject({httpStatusCode: 400});
});

test("the body's metadata replaces the template's; its labels are merged into them", async () => {
  const metadata = {items: [{key: 'slipway-jit-config', value: 'abc'}]};
  await compute.insert({name: 'r-1', metadata, labels: {job: '7'}});
  expect(await itemsOf('r-1')).toEqual(['slipway-jit-config']);
  expect((await get('r-1')).labels).toEqual({team: 'ci', job: '7'});
});

test("scheduling is merged field by field: a template's MIGRATE stays and clashes with spot", async () => {
  await expect(compute.insert({name: 'r-1', scheduling: {provisioningModel: 'SPOT'}})).rejects.toThrow(
    'automaticRestart',
  );
  await compute.insert({name: 'r-2', scheduling: {...SPOT, maxRunDuration: {seconds: 3600}}});
  expect((await get('r-2')).scheduling).toMatchObject({preemptible: true, maxRunDuration: {seconds: '3600'}});
});

test('the same request id gives the first operation again, whatever the body, also when it is over', async () => {
  const first = await compute.insert({name: 'r-1'}, {requestId: ID});
  expect(await compute.insert({name: 'r-2'}, {requestId: ID})).toBe(first);
  expect(await compute.wait(first)).toMatchObject({status: 'DONE', clientOperationId: ID, operationType: 'insert'});
  expect(await compute.insert({name: 'r-1'}, {requestId: ID})).toBe(first);
  expect(compute.world.created.map(({name}) => name)).toEqual(['r-1']);
});

test('a name in use is refused (409), until its deletion is over', async () => {
  await compute.wait(await compute.insert({name: 'r-1'}));
  await expect(compute.insert({name: 'r-1'})).rejects.toMatchObject({httpStatusCode: 409});
  await compute.instances.delete(compute.at('r-1'));
  await expect(compute.insert({name: 'r-1'})).rejects.toMatchObject({httpStatusCode: 409});
  compute.clock.advance(60_000);
  await expect(compute.insert({name: 'r-1'})).resolves.toMatch(/^operation-/);
});

const items = (value: string, count = 1) => Array.from({length: count}, (_, n) => ({key: `k${n}`, value}));

test.each([
  ['a name that is not RFC 1035', {name: 'R_1'}, 400],
  ['a name of 64 characters', {name: 'r'.repeat(64)}, 400],
  ['a label key in upper case', {name: 'r-1', labels: {Team: 'a'}}, 400],
  ['a label value with a dot', {name: 'r-1', labels: {team: 'a.b'}}, 400],
  ['a metadata key with a space', {name: 'r-1', metadata: {items: [{key: 'a b', value: ''}]}}, 400],
  ['a metadata key twice', {name: 'r-1', metadata: {items: [...items('a'), ...items('b')]}}, 400],
  ['a metadata value over 256 KiB', {name: 'r-1', metadata: {items: items('a'.repeat(262_145))}}, 400],
  ['metadata over 512 KiB', {name: 'r-1', metadata: {items: items('a'.repeat(200_000), 3)}}, 400],
  ['an unknown machine type', {name: 'r-1', machineType: 'zones/us-central1-a/machineTypes/q9-huge-4'}, 400],
  ["another zone's machine type", {name: 'r-1', machineType: 'zones/us-central1-b/machineTypes/n2-standard-4'}, 400],
  ['a run time of 10 s', {name: 'r-1', scheduling: {maxRunDuration: {seconds: 10}}}, 400],
  ['a run time without a termination action', {name: 'r-1', scheduling: {maxRunDuration: {seconds: 60}}}, 400],
  ['a termination action without a run time', {name: 'r-1', scheduling: {instanceTerminationAction: 'DELETE'}}, 400],
])('%s is refused', async (_, resource, httpStatusCode) => {
  await expect(compute.insert(resource)).rejects.toMatchObject({httpStatusCode});
  expect(compute.world.instances()).toEqual([]);
});

test.each([
  ['an unknown zone', {zone: 'us-nowhere1-a'}, 400],
  ['an unknown template', {sourceInstanceTemplate: 'global/instanceTemplates/none'}, 404],
  ['a template by its bare name', {sourceInstanceTemplate: 'runner'}, 400],
  ['a request id that is no UUID', {requestId: 'r-1'}, 400],
  ['the zero UUID', {requestId: '00000000-0000-0000-0000-000000000000'}, 400],
])('%s is refused', async (_, insertion, httpStatusCode) => {
  await expect(compute.insert({name: 'r-1'}, insertion)).rejects.toMatchObject({httpStatusCode});
});

test('a machine type that only this zone lacks is refused by its name', async () => {
  compute.world.catalog.withdraw('us-central1-a', 'n2-standard-4');
  await expect(compute.insert({name: 'r-1'})).rejects.toThrow("'n2-standard-4' does not exist in zone 'us-central1-a'");
  await compute.insert({name: 'r-1'}, {zone: 'us-central1-b'});
});

test('a refusal of metadata echoes it, secrets and all, as the real API does', async () => {
  const metadata = {items: [...items('s3cret'), ...items('s3cret')]};
  await expect(compute.insert({name: 'r-1', metadata})).rejects.toThrow('s3cret');
});
