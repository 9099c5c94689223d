import {aSystem, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {computeMachines} from '../emulators/compute/machine-world';
import type {MachineEvent} from '../emulators/machines';
import {ApiClient} from './client';

jest.setTimeout(120_000);

let system: TestSystem;
let api: ApiClient;
/** Minutes of each machine from its acceptance to the end that somebody asked for, by the runner's name. */
const lives = new Map<string, {fromMs: number; minutes: number}>();

function watch({kind, machine: {name}}: MachineEvent): void {
  const now = system.scheduler.now();
  if (kind === 'accepted') lives.set(name, {fromMs: now, minutes: 0});
  const life = lives.get(name);
  if (kind === 'deleting' && life) life.minutes = (now - life.fromMs) / MINUTE;
}

beforeAll(async () => {
  system = await aSystem({pools: `prices: {t2a-standard-4: 0.6}\n${POOLS}`});
  computeMachines(system.compute).observe(watch);
  api = new ApiClient(system.urls.api);
  system.queueJob({durationMs: 12 * MINUTE});
  system.queueJob({durationMs: 5 * MINUTE, repository: 'acme/web'});
  await system.sweepFor(5 * MINUTE);
  await api.post('/api/v1/runners', {pool: 'arm', repo: 'acme/app', count: 1});
  await system.sweepFor(40 * MINUTE, 2 * MINUTE);
});
afterAll(() => system.close());

const minutesOf = (isOne: (name: string) => boolean) =>
  [...lives].filter(([name]) => isOne(name)).reduce((sum, [, {minutes}]) => sum + minutes, 0);

test('counts each machine once, to the minute, and prices it', async () => {
  const {status, json} = await api.get('/costs');
  expect(status).toBe(200);
  const {total, ...rest} = json as {total: {minutes: number; usd: number}} & Record<string, unknown>;
  expect(rest).toMatchObject({currency: 'USD', days: 30, by: 'pool', complete: true});
  expect(rest['rows']).toEqual([{key: 'arm', pool: 'arm', ...total}]);
  expect(lives.size).toBe(3);
  expect(total).toMatchObject({jobs: 2, priced: true});
  expect(Math.abs(total.minutes - minutesOf(() => true))).toBeLessThan(0.5);
  expect(total.usd).toBeCloseTo(total.minutes * 0.01, 3);
});

test('by repository, what ran no job stands for itself', async () => {
  const {json} = await api.get('/costs?by=repository&days=1');
  const rows = json['rows'] as {key: string; jobs: number; minutes: number; github_hosted_usd: number | null}[];
  expect(rows.map(({key, jobs}) => [key, jobs]).sort()).toEqual([
    ['(idle)', 0],
    ['acme/app', 1],
    ['acme/web', 1],
  ]);
  const hosted = rows.map(({jobs, minutes}) => (jobs === 0 ? null : expect.closeTo(minutes * 0.008, 3)));
  expect(rows.map((row) => row.github_hosted_usd)).toEqual(hosted);
  const sum = rows.reduce((all, {minutes}) => all + minutes, 0);
  expect(Math.abs(sum - minutesOf(() => true))).toBeLessThan(0.5);
});

test('later sweeps count nothing again, and yesterday is another day', async () => {
  const before = (await api.get('/costs')).json['total'];
  await system.sweepFor(5 * MINUTE);
  expect((await api.get('/costs')).json['total']).toEqual(before);
  const {json} = await api.get('/costs?by=day&days=1');
  expect(json['rows']).toEqual([expect.objectContaining({key: '2026-11-01'})]);
});

test.each([
  'days=0',
  'days=91',
  'days=x',
  'days=',
  'days=1.5',
  'days=0x10',
  'days=1e1',
  'days=%2030',
  'days=1&days=2',
  'by=job',
  'pool=arm',
])('refuses ?%s', async (query) => {
  expect((await api.get(`/costs?${query}`)).status).toBe(400);
});
