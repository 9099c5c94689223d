import {costs} from '../../shared/diagnosis/costs';
import {IDLE, PERSISTENT_VM, type UsageDocument, type UsageRow, usageId} from '../../shared/model/usage';
import {createMemoryStore} from '../../shared/store/memory';
import type {Store} from '../../shared/store/store';
import {aPool} from '../builders/lifecycle';
import {VirtualScheduler} from '../emulators/scheduler';

const HOUR = 3600_000;
const NOW = Date.parse('2026-11-03T06:00:00Z');
const TODAY = '2026-11-03';

const row = (pool: string, workflow: string | null, changed: Partial<UsageRow> = {}): UsageRow => ({
  pool,
  workflow,
  machineType: 'e2-standard-4',
  spot: false,
  jobs: 2,
  machines: 2,
  ms: HOUR,
  ...changed,
});
const idle = {jobs: 0, ms: HOUR / 2};

let store: Store;

function put(document: Omit<UsageDocument, 'expireAt'>): Promise<void> {
  const {day, pool, repository} = document;
  const id = pool !== null && repository !== null ? usageId({day, pool, repository}) : day;
  return store.transaction(async (transaction) => transaction.set('usage', id, {...document, expireAt: NOW + HOUR}));
}

beforeAll(async () => {
  store = createMemoryStore({clock: new VirtualScheduler(NOW)});
  const totals = [
    row('arm', null, {ms: 2 * HOUR, jobs: 4}),
    row('arm', IDLE, idle),
    row('vm', null, {machineType: null}),
  ];
  await put({day: TODAY, pool: null, repository: null, rows: totals});
  await put({day: TODAY, pool: 'arm', repository: 'acme/app', rows: [row('arm', 'CI'), row('arm', 'Nightly')]});
  await put({day: TODAY, pool: 'arm', repository: IDLE, rows: [row('arm', IDLE, idle)]});
  const vm = [row('vm', PERSISTENT_VM, {machineType: null})];
  await put({day: TODAY, pool: 'vm', repository: PERSISTENT_VM, rows: vm});
  await put({day: '2026-11-01', pool: null, repository: null, rows: [row('arm', null, {ms: 3 * HOUR})]});
});

const ask = (given: Partial<Parameters<typeof costs>[0]> = {}) =>
  costs({store, pools: [aPool()], prices: {}, days: 2, by: 'pool', now: NOW, ...given});

test('by pool: idle machines cost, but not at GitHub; what has no price says so', async () => {
  const {rows, total} = await ask({prices: {'e2-standard-4': 2}});
  expect(rows).toEqual([
    {key: 'arm', pool: 'arm', jobs: 4, minutes: 150, usd: 5, github_hosted_usd: 1.44, priced: true},
    {key: 'vm', pool: 'vm', jobs: 2, minutes: 60, usd: null, github_hosted_usd: null, priced: false},
  ]);
  expect(total).toEqual({jobs: 6, minutes: 210, usd: 5, github_hosted_usd: 1.44, priced: false});
});

test('by repository and by workflow: names, and what is none', async () => {
  const keys = async (by: 'repository' | 'workflow') =>
    (await ask({by})).rows.map(({key, repository, workflow}) => [key, repository, workflow]);
  expect(await keys('repository')).toEqual([
    ['acme/app', 'acme/app', undefined],
    [IDLE, undefined, undefined],
    [PERSISTENT_VM, undefined, undefined],
  ]);
  expect((await keys('workflow')).slice(0, 2)).toEqual([
    ['acme/app: CI', 'acme/app', 'CI'],
    ['acme/app: Nightly', 'acme/app', 'Nightly'],
  ]);
});

test('by day: in their order, and no more days than were asked for', async () => {
  const minutes = async (days: number) => (await ask({by: 'day', days})).rows.map((one) => [one.key, one.minutes]);
  expect(await minutes(3)).toEqual([
    ['2026-11-01', 180],
    [TODAY, 210],
  ]);
  expect(await minutes(2)).toEqual([[TODAY, 210]]);
});

test('the own price of a spot machine is not that of the machine', async () => {
  const {rows} = await ask({prices: {'e2-standard-4/spot': 9}});
  expect(rows[0]?.usd).toBeCloseTo(2.5 * 0.134, 3);
});
