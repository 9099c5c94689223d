import type {RunnerDocument} from '../../shared/model/runner';
import {aJob, aRunner} from '../builders/lifecycle';
import {aSystem, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

const SCOPE = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
const ZONE = 'us-central1-a';
const WITH_OTHERS = `${POOLS}
  - name: org
    org: acme
    requires: [self-hosted, org]
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: vm
    repo: acme/app
    requires: [self-hosted, big]
    provider: {type: gce-vm, instance: slipway-vm, zone: us-central1-a}
`;

interface Thing {
  readonly kind: string;
  readonly name: string;
  readonly place: string | null;
  readonly because: string;
}

let system: TestSystem;
let api: ApiClient;

beforeEach(async () => {
  // Machines that are put there have no runner, and stay.
  system = await aSystem({pools: WITH_OTHERS, failsToBoot: ({name}) => /-[1-9]\d?-1$/.test(name)});
  api = new ApiClient(system.urls.api);
});
afterEach(() => system.close());

const vms = () =>
  system.compute.instances().map(({name, status}) => (status === 'STOPPING' ? `${name} stopping` : name));
const register = (name: string, scope: Parameters<typeof system.github.runners.generateJitConfig>[0] = SCOPE) =>
  system.github.runners.generateJitConfig(scope, {name, labels: ['linux'], runnerGroupId: 1});
const vm = (name: string, labels: Record<string, string> = {}) =>
  system.compute.addInstance({
    name,
    zone: ZONE,
    labels: {'slipway-deployment': 'slipway', 'slipway-pool': name.replace(/^slipway-|-\d+-1$/g, ''), ...labels},
    status: 'RUNNING',
  });

async function record(jobId: number, overrides: Partial<RunnerDocument>): Promise<void> {
  const runner = aRunner(aJob({jobId}), {slot: null, expireAt: Number.MAX_SAFE_INTEGER, ...overrides});
  await system.store.transaction(async (transaction) => transaction.set('runners', runner.name, runner));
}

async function cleanup(query: string) {
  const answer = await api.post(`/cleanup?${query}`);
  expect(answer.status).toBe(200);
  const {would_remove, removed, skipped} = answer.json as Record<'would_remove' | 'removed' | 'skipped', Thing[]>;
  const words = (things: Thing[]) => things.map(({kind, name, place}) => `${kind} ${name} ${place}`).sort();
  const reasons = Object.fromEntries(skipped.map(({name, because}) => [name, because]));
  return {dryRun: answer.json['dry_run'], wouldRemove: words(would_remove), removed: words(removed), reasons};
}

const audited = () =>
  system.log
    .map((line) => JSON.parse(line) as Record<string, string>)
    .filter(({decision}) => decision === 'cleaned_up')
    .map(({reason, kind, runner}) => `${reason}: ${kind} ${runner}`)
    .sort();

test.each([
  ['', 'invalid-request'],
  ['what=everything', 'invalid-request'],
  ['what=machines&what=all', 'invalid-request'],
  ['what=machines&dry-run=no', 'invalid-request'],
  ['what=all&dry-run=false', 'invalid-request'],
  ['what=all&dry-run=false&confirm=slipway-eu', 'invalid-request'],
  ['what=machines&confirm=other', 'invalid-request'],
])('POST /cleanup?%s is refused', async (query, problem) => {
  const answer = await api.post(`/cleanup?${query}`);
  expect([answer.status, problemOf(answer)]).toEqual([400, problem]);
});

test('a wrong confirm is not told the right one', async () => {
  const named = await aSystem({env: {DEPLOYMENT: 'runners-of-acme'}});
  const client = new ApiClient(named.urls.api);
  for (const confirm of ['', '&confirm=slipway', '&confirm=runners-of']) {
    const answer = await client.post(`/cleanup?what=all&dry-run=false${confirm}`);
    expect([answer.status, answer.text]).toEqual([400, expect.not.stringContaining('runners-of-acme')]);
    expect(answer.json['detail']).toContain('expected the name of this deployment');
  }
  await named.close();
});

test('registrations: those of runners that are over on record go; online ones, machines’, and others’ stay', async () => {
  const [over, online, alsoOver, another] = [1, 2, 3, 4].map((id) => register(`slipway-arm-${id}-1`));
  if (!over || !online || !alsoOver || !another) throw new Error('not registered');
  system.github.runners.connect(online.encodedJitConfig);
  await record(1, {state: 'gone', githubId: over.runner.id});
  await record(2, {state: 'gone', githubId: online.runner.id});
  await record(3, {state: 'failed', githubId: alsoOver.runner.id});
  vm('slipway-arm-3-1');
  register('someone-elses');
  const stays = ['slipway-arm-2-1', 'slipway-arm-3-1', 'slipway-arm-4-1', 'someone-elses'];

  const dry = await cleanup('what=registrations');
  expect(dry).toMatchObject({dryRun: true, removed: [], wouldRemove: ['registration slipway-arm-1-1 acme/app']});
  expect(dry.reasons).toEqual({
    'slipway-arm-2-1': 'its runner is online',
    'slipway-arm-4-1': expect.stringContaining('is on no record here'),
  });
  expect(system.github.runners.all()).toHaveLength(5);

  const real = await cleanup('what=registrations&dry-run=false');
  expect(real).toMatchObject({dryRun: false, wouldRemove: [], removed: dry.wouldRemove, reasons: dry.reasons});
  expect(system.github.runners.all().map(({name}) => name)).toEqual(stays);
  expect(audited()).toEqual(['registrations: registration slipway-arm-1-1']);
});

test('machines: old ones without a live runner go, deregistered first; young, online, busy, kept and persistent ones stay', async () => {
  const job = system.queueJob({durationMs: 60 * MINUTE});
  await system.pass(10 * MINUTE, () => job.status === 'in_progress');
  const offline = register('slipway-arm-11-1');
  await record(11, {state: 'gone', githubId: offline.runner.id});
  for (const name of ['slipway-arm-11-1', 'slipway-org-12-1', 'slipway-arm-13-1', 'slipway-gone-14-1', 'slipway-vm'])
    vm(name);
  vm('slipway-org-15-1', {'slipway-keep': ''});
  vm('slipway-org-16-1');
  const connected = register('slipway-org-16-1', {kind: 'organization', org: 'acme'});
  system.github.runners.connect(connected.encodedJitConfig);
  await system.pass(6 * MINUTE);
  vm('slipway-org-17-1');

  const dry = await cleanup('what=machines');
  expect(dry.wouldRemove).toEqual([`machine slipway-arm-11-1 ${ZONE}`, `machine slipway-org-12-1 ${ZONE}`]);
  expect(dry.reasons).toEqual({
    [job.runner?.name ?? '']: 'its runner runs a job',
    // The pool has repositories with `*`, or is none of the configuration.
    'slipway-arm-13-1': expect.stringContaining('where it is registered is not known'),
    'slipway-gone-14-1': expect.stringContaining('where it is registered is not known'),
    'slipway-org-16-1': 'its runner is online, and on no record',
    'slipway-org-17-1': expect.stringContaining('younger than the bootMinutes'),
  });
  expect(vms()).toHaveLength(9);

  const real = await cleanup('what=machines&dry-run=false');
  expect(real).toMatchObject({removed: dry.wouldRemove, reasons: dry.reasons});
  await system.pass(2 * MINUTE);
  expect(vms()).not.toEqual(expect.arrayContaining(['slipway-arm-11-1', 'slipway-org-12-1']));
  expect(vms()).toHaveLength(7);
  expect(system.github.runners.all().some(({name}) => name === 'slipway-arm-11-1')).toBe(false);
  expect(audited()).toEqual(['machines: machine slipway-arm-11-1', 'machines: machine slipway-org-12-1']);
  expect([job.status, system.killed]).toEqual(['in_progress', []]);
});

test('all: what runs no job goes and its jobs wait for new runners; what is busy ends in order', async () => {
  const job = system.queueJob({durationMs: 20 * MINUTE});
  await system.pass(10 * MINUTE, () => job.status === 'in_progress');
  await api.post('/api/v1/runners', {pool: 'spot', repo: 'acme/app', count: 2});
  await system.pass(2 * MINUTE);
  const made = (await api.get('/runners?pool=spot')).json['runners'] as {name: string; zone: string}[];
  vm('slipway-vm');
  // Also one that is younger than bootMinutes, and on no record.
  vm('slipway-org-17-1');
  const things = [`machine slipway-org-17-1 ${ZONE}`, ...made.map(({name, zone}) => `machine ${name} ${zone}`)];

  const busy = {[job.runner?.name ?? '']: 'its runner runs a job'};
  expect(await cleanup('what=all')).toMatchObject({wouldRemove: things, removed: [], reasons: busy});
  expect(await cleanup('what=all&dry-run=false&confirm=slipway')).toMatchObject({removed: things, reasons: busy});
  expect(system.github.runners.all().map(({name}) => name)).toEqual([job.runner?.name]);
  const again = await cleanup('what=all&dry-run=false&confirm=slipway');
  expect([again.removed, Object.values(again.reasons).sort()]).toEqual([
    [],
    ['is being removed already', 'is being removed already', 'its runner runs a job'],
  ]);
  await system.pass(3 * MINUTE);
  expect(vms()).toEqual(expect.arrayContaining(['slipway-vm', job.runner?.name]));
  expect(vms()).toHaveLength(2);
  await system.pass(30 * MINUTE, () => job.status === 'completed');
  expect([job.conclusion, system.killed]).toEqual(['success', []]);
});

test('a runner whose machine is not made yet is no machine: machines leaves it alone, and all names it as a runner', async () => {
  const {json} = await api.post('/api/v1/runners', {pool: 'spot', repo: 'acme/app', count: 2});
  const things = (json['runners'] as {name: string}[]).map(({name}) => `runner ${name} acme/app`).sort();
  expect(await cleanup('what=machines')).toMatchObject({wouldRemove: [], reasons: {}});
  expect(await cleanup('what=registrations')).toMatchObject({wouldRemove: [], reasons: {}});
  expect((await cleanup('what=all')).wouldRemove).toEqual(things);
  expect((await cleanup('what=all&dry-run=false&confirm=slipway')).removed).toEqual(things);
  await system.pass(5 * MINUTE);
  expect([vms(), system.github.runners.all()]).toEqual([[], []]);
});

test('a call removes a hundred things, and the next one goes on', async () => {
  for (let id = 10; id < 10 + 103; id++) {
    const {runner} = register(`slipway-arm-${id}-1`);
    await record(id, {state: 'gone', githubId: runner.id});
  }
  const first = await cleanup('what=registrations&dry-run=false');
  expect([first.removed.length, Object.values(first.reasons)]).toEqual([100, Array(3).fill('next call')]);
  const second = await cleanup('what=registrations&dry-run=false');
  expect([second.removed.length, second.reasons]).toEqual([3, {}]);
  expect(system.github.runners.all()).toEqual([]);
});

test('what cannot be seen is left alone: no machine listed, no registration removed', async () => {
  const {runner} = register('slipway-arm-1-1');
  await record(1, {state: 'gone', githubId: runner.id});
  system.computeServer.fault({
    match: ({path}) => path.endsWith('/aggregated/instances'),
    respond: {status: 503, reason: 'backendError', message: 'try again'},
    times: 10,
  });
  const {removed, reasons} = await cleanup('what=registrations&dry-run=false');
  expect([removed, reasons]).toEqual([[], {gce: expect.stringContaining('could not be listed')}]);
  expect(system.github.runners.all()).toHaveLength(1);
});
