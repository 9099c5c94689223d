import {type Clients, openClients, PROJECT, TEMPLATE, ZONE} from './clients';

let compute: Clients;
beforeEach(async () => {
  compute = await openClients();
  for (let n = 1; n <= 5; n++) {
    const labels: Record<string, string> = {n: `${n}`, odd: n % 2 ? 'yes' : 'no'};
    if (n === 5) labels['last'] = '';
    compute.world.addInstance({name: `vm-${n}`, zone: ZONE, labels, status: n < 3 ? 'RUNNING' : 'TERMINATED'});
  }
  compute.world.addInstance({name: 'far', zone: 'europe-west1-b', labels: {odd: 'yes'}});
});
afterEach(() => compute.close());

const list = async (filter: string) => {
  const [found] = await compute.instances.list({project: PROJECT, zone: ZONE, filter});
  return found.map(({name}) => Number(name?.slice(3)));
};

test.each([
  ['labels.odd=yes', [1, 3, 5]],
  ['labels.odd = "yes" AND status=RUNNING', [1]],
  ['(labels.odd = yes) (status != RUNNING)', [3, 5]],
  ['name = vm-2 OR (labels.n = "4")', [2, 4]],
  ['NOT status=RUNNING', [3, 4, 5]],
  ['labels.n:*', [1, 2, 3, 4, 5]],
  ['labels.last:*', [5]],
  ['name eq "vm-[12]"', [1, 2]],
  ['labels.n >= 4', [4, 5]],
  ['labels.none = x', []],
])('instances are listed by the filter %s', async (filter, expected) => {
  expect(await list(filter)).toEqual(expected);
});

test.each(['labels.odd', 'labels.odd=', 'a=b c=d', '(a=b', 'a ! b'])('the filter %s is refused', async (filter) => {
  await expect(list(filter)).rejects.toMatchObject({httpStatusCode: 400});
});

test('a list comes in pages of maxResults', async () => {
  const request = {project: PROJECT, zone: ZONE, maxResults: 2, filter: 'labels.odd=yes'};
  const names: unknown[] = [];
  for await (const {name} of compute.instances.listAsync(request, {autoPaginate: false})) names.push(name);
  expect(names).toEqual(['vm-1', 'vm-3', 'vm-5']);
  const pages = compute.server.requests.map(({query}) => query.get('pageToken'));
  expect(pages).toEqual([null, expect.any(String)]);
});

test('the aggregated list names every zone, those without a result with a warning', async () => {
  const found = await aggregated({});
  expect(found).toEqual({
    'zones/us-central1-a': ['vm-1', 'vm-2', 'vm-3', 'vm-4', 'vm-5'],
    'zones/us-central1-b': 'NO_RESULTS_ON_PAGE',
    'zones/us-central1-f': 'NO_RESULTS_ON_PAGE',
    'zones/asia-northeast1-a': 'NO_RESULTS_ON_PAGE',
    'zones/europe-west1-b': ['far'],
  });
});

test('the instances of a zone that is down are missing from the aggregated list, with a warning', async () => {
  compute.world.catalog.setZoneStatus(ZONE, 'DOWN');
  expect(await aggregated({filter: 'labels.odd=yes', returnPartialSuccess: true})).toMatchObject({
    'zones/us-central1-a': 'UNREACHABLE',
    'zones/europe-west1-b': ['far'],
  });
});

async function aggregated(query: {filter?: string; returnPartialSuccess?: boolean}): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for await (const [scope, {instances, warning}] of compute.instances.aggregatedListAsync(
    {project: PROJECT, ...query},
    {autoPaginate: false},
  )) {
    found[scope] = instances?.length ? instances.map(({name}) => name) : warning?.code;
  }
  return found;
}

test('templates are found where they are: in a region or globally', async () => {
  compute.world.addTemplate({...TEMPLATE, name: 'here', region: 'us-central1'});
  const region = 'us-central1';
  const [global] = await compute.templates.get({project: PROJECT, instanceTemplate: 'runner'});
  expect(global.properties?.metadata?.items?.[0]?.key).toBe('startup-script');
  const [regional] = await compute.regionalTemplates.get({project: PROJECT, region, instanceTemplate: 'here'});
  expect(regional.selfLink).toMatch(/\/regions\/us-central1\/instanceTemplates\/here$/);
  const [all] = await compute.templates.list({project: PROJECT});
  expect(all.map(({name}) => name)).toEqual(['runner']);
  await expect(compute.templates.get({project: PROJECT, instanceTemplate: 'here'})).rejects.toMatchObject({
    httpStatusCode: 404,
  });
});

test('regions know their zones, and zones their region and whether they are up', async () => {
  compute.world.catalog.setZoneStatus('us-central1-f', 'DOWN');
  compute.world.setQuota('us-central1', 'CPUS', 24);
  const read = async () => (await compute.regions.get({project: PROJECT, region: 'us-central1'}))[0];
  const cpus = async () => (await read()).quotas?.find(({metric}) => metric === 'CPUS');
  const before = await cpus();
  await compute.wait(await compute.insert({name: 'counted'}));
  expect(await cpus()).toMatchObject({limit: 24, usage: Number(before?.usage) + 4});
  const region = await read();
  expect(region.zones).toHaveLength(3);
  const filter = `region = "${region.selfLink}" AND status = UP`;
  const [zones] = await compute.zones.list({project: PROJECT, filter});
  expect(zones.map(({name}) => name)).toEqual(['us-central1-a', 'us-central1-b']);
  await expect(compute.regions.get({project: PROJECT, region: 'mars-1'})).rejects.toMatchObject({httpStatusCode: 404});
});
