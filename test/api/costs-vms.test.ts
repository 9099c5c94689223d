import {aHostVmSystem} from '../builders/host-vm';
import {MINUTE} from '../builders/system';
import {aVmSystem, VM, ZONE} from '../builders/vm-system';
import {ApiClient} from './client';

jest.setTimeout(60_000);

const pools = (prices: string) => `${prices}
pools:
  - name: gpu
    repo: acme/app
    requires: [self-hosted, gpu]
    idleMinutes: 5
    provider: {type: gce-vm, instance: ${VM}, zone: ${ZONE}}
`;

async function costsAfterAJob(prices: string) {
  const system = await aVmSystem({pools: pools(prices)});
  Object.assign(system.vm, {machineType: 'g2-standard-4'});
  const job = system.queueGpuJob(20 * MINUTE);
  await system.sweepFor(60 * MINUTE);
  expect([job.conclusion, system.vm.status]).toEqual(['success', 'TERMINATED']);
  const looks = system.computeServer.requests.filter(({method, path}) => method === 'GET' && path.endsWith(`/${VM}`));
  const {json} = await new ApiClient(system.urls.api).get('/costs');
  await system.close();
  return {...(json['total'] as {jobs: number; minutes: number; usd: number | null; priced: boolean}), looks};
}

test('minutes of a persistent VM are priced by the machine type that it had when it was started', async () => {
  const {jobs, minutes, usd, priced, looks} = await costsAfterAJob('prices: {g2-standard-4: 1.2}');
  expect([jobs, priced]).toEqual([1, true]);
  expect(minutes).toBeGreaterThan(20);
  expect(usd).toBeCloseTo(minutes * 0.02, 3);
  // The type is in answers that are needed anyway.
  const without = await costsAfterAJob('');
  expect(without).toMatchObject({usd: null, priced: false, minutes});
  expect(looks.length).toBe(without.looks.length);
});

test('a VM that becomes another machine while it is stopped is priced by what it was each time', async () => {
  const system = await aVmSystem({pools: pools('prices: {g2-standard-4: 1.2, g2-standard-8: 6}')});
  for (const machineType of ['g2-standard-4', 'g2-standard-8']) {
    Object.assign(system.vm, {machineType});
    system.queueGpuJob(20 * MINUTE);
    await system.untilDown();
  }
  const document = await system.document();
  expect(document?.sessions?.map(({machineType, spot}) => [machineType, spot])).toEqual([
    ['g2-standard-4', false],
    ['g2-standard-8', false],
  ]);
  await system.sweep();
  const {json} = await new ApiClient(system.urls.api).get('/costs');
  const minutes = (document?.sessions ?? []).map(({from, to}) => (to - from) / MINUTE);
  const [small = 0, large = 0] = minutes;
  expect((json['total'] as {usd: number}).usd).toBeCloseTo(small * 0.02 + large * 0.1, 3);
  await system.close();
});

test('the VM of a Docker host counts while it is up, as the host, beside the containers of its pools', async () => {
  const system = await aHostVmSystem({builder: 2});
  const [host] = system.hosts;
  Object.assign(host?.vm ?? {}, {machineType: 'e2-standard-4'});
  const job = system.queueDockerJob(20 * MINUTE);
  const isDown = () => job.status === 'completed' && host?.vm.status === 'TERMINATED';
  await system.live(60 * MINUTE, isDown, true);
  await system.sweepFor(5 * MINUTE);
  const [session, ...others] = (await host?.document)?.sessions ?? [];
  expect(others).toEqual([]);
  const upMs = (session?.to ?? 0) - (session?.from ?? 0);
  expect(upMs).toBeGreaterThan(30 * MINUTE);
  const api = new ApiClient(system.urls.api);
  const {json} = await api.get('/costs');
  const rows = json['rows'] as readonly {key: string; jobs: number; minutes: number; usd: number | null}[];
  const minutes = Number((upMs / MINUTE).toFixed(2));
  expect(rows).toContainEqual(
    expect.objectContaining({key: 'host:builder', jobs: 0, minutes, github_hosted_usd: null, priced: true}),
  );
  expect(rows.find(({key}) => key === 'host:builder')?.usd).toBeCloseTo((minutes / 60) * 0.134, 3);
  expect(rows).toContainEqual(expect.objectContaining({key: 'docker', jobs: 1, usd: null}));
  const byRepository = (await api.get('/costs?by=repository')).json['rows'] as typeof rows;
  expect(byRepository.map(({key}) => key).sort()).toEqual(['(persistent VM)', 'acme/app']);
  await system.close();
});
