import {Unavailable} from '../../shared/errors';
import {createMemoryStore} from '../../shared/store/memory';
import type {Collections, Store} from '../../shared/store/store';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import type {DeliveryRequest} from '../emulators/github/delivery';
import {httpSink} from '../emulators/github/http-sink';

jest.setTimeout(180_000);

const LARGEST_DOCUMENT = 256 * 1024;

let system: TestSystem;
let isDown: boolean;
afterEach(() => system.close());

type Answers = (request: DeliveryRequest) => Promise<{status: number}>;

/** A system whose webhook answers 503 while it is down. `upIs` decides about all other answers. */
async function withWebhook(upIs?: Answers, options: Parameters<typeof aSystem>[0] = {}): Promise<void> {
  system = await aSystem({...options, hooks: 0});
  isDown = false;
  const url = system.urls.webhook;
  const secret = system.env['GITHUB_WEBHOOK_SECRET'] ?? '';
  const up = upIs ?? httpSink;
  const deliver: Answers = async (request) => (isDown ? {status: 503} : up(request));
  system.github.addHook({url, secret, deliver});
  // Only webhooks bring jobs.
  system.github.fault({
    match: {path: /actions\/runs/},
    times: 100_000,
    respond: {status: 403, headers: {}, body: {message: 'Resource not accessible by integration'}},
  });
}

const ok: Answers = async () => ({status: 200});
const calls = (operation: RegExp) => system.github.requests.filter(({operationId}) => operation.test(operationId));
const redeliveries = () => calls(/redeliver-webhook-delivery/);
const warnings = (decision: string) =>
  system.log.filter((line) => line.includes(`"decision":"${decision}"`) && line.includes('"severity":"WARNING"'));

/** Number of redeliveries of each event, by GUID. */
function sentAgain(): number[] {
  const counts = new Map<string, number>();
  for (const {guid, redelivery} of system.github.deliveries.list(() => true)) {
    if (redelivery) counts.set(guid, (counts.get(guid) ?? 0) + 1);
  }
  return [...counts.values()];
}

function announce(count: number): void {
  const job = system.github.queueJob({repository: 'acme/app', labels: ['macos'], durationMs: MINUTE});
  for (let n = 1; n < count; n++) system.github.announceJob(job, 'queued');
}

async function documentSizes(store: Store): Promise<Record<string, number>> {
  const found = await store.find('locks', {where: {}, limit: 1_000});
  return Object.fromEntries(found.map(({id, data}) => [id, Buffer.byteLength(JSON.stringify(data))]));
}

/** Sweeps every minute; returns the reports. */
async function sweeps(count: number): Promise<Awaited<ReturnType<TestSystem['sweep']>>[]> {
  const reports: Awaited<ReturnType<TestSystem['sweep']>>[] = [];
  for (let n = 0; n < count; n++) {
    await system.pass(MINUTE - (system.scheduler.now() % MINUTE));
    reports.push(await system.sweep());
  }
  return reports;
}

describe('an outage of the webhook for eight minutes', () => {
  test('sends one probe a minute, which is no try, and the job has a VM within five minutes of its end', async () => {
    await withWebhook();
    isDown = true;
    const job = system.queueJob();
    await sweeps(8);
    expect(redeliveries()).toHaveLength(8);
    expect(system.compute.created).toEqual([]);
    isDown = false;
    await system.sweepFor(5 * MINUTE);
    expect(system.compute.created.map(({name}) => name)).toEqual([`slipway-arm-${job.id}-1`]);
    await system.finish();
    expect(warnings('webhook_down')).toHaveLength(1);
    expect(warnings('given_up')).toEqual([]);
  });

  test('in which many events fail: all are due after the first success, and each is redelivered once', async () => {
    await withWebhook(ok);
    isDown = true;
    announce(400);
    await sweeps(8);
    expect(redeliveries()).toHaveLength(8);
    isDown = false;
    const reports = await sweeps(5);
    expect(reports.at(-1)?.seen['deliveries_held']).toBe(0);
    // The probes used eight events.
    expect(redeliveries().length).toBeLessThanOrEqual(8 + 400);
    expect(system.github.deliveries.list(() => true).filter(({statusCode}) => statusCode === 200).length).toBe(400);
  });
});

test('an event that never arrives while others do is tried five times with growing pauses, then given up with one warning', async () => {
  let bad: string | undefined;
  await withWebhook(async ({headers}) => {
    const guid = headers['X-GitHub-Delivery'] ?? '';
    bad ??= guid;
    return {status: guid === bad ? 500 : 200};
  });
  announce(2);
  const reports: Awaited<ReturnType<TestSystem['sweep']>>[] = [];
  for (let hour = 0; hour < 6; hour++) {
    announce(2);
    reports.push(...(await sweeps(60)));
  }
  const at = redeliveries().map((request) => request.at);
  const pauses = at.slice(1).map((time, index) => Math.round((time - (at[index] ?? 0)) / MINUTE));
  expect(pauses).toEqual([1, 5, 30, 180]);
  expect(warnings('given_up')).toHaveLength(1);
  expect(warnings('given_up')[0]).toContain(bad);
  expect(reports.reduce((sum, {seen}) => sum + (seen['deliveries_given_up'] ?? 0), 0)).toBe(1);
});

test('600 deliveries that failed twenty minutes ago are redelivered once each', async () => {
  await withWebhook(ok);
  isDown = true;
  announce(600);
  await system.pass(20 * MINUTE);
  isDown = false;
  const reports = await sweeps(8);
  expect(reports.every(({failed}) => Object.keys(failed).length === 0)).toBe(true);
  const counts = sentAgain();
  expect(counts).toHaveLength(600);
  expect(Math.max(...counts)).toBe(1);
});

test('20,000 events that failed within twenty minutes: every sweep is answered, none repeats itself, and no document is too large', async () => {
  await withWebhook(ok);
  isDown = true;
  for (let minute = 0; minute < 20; minute++) {
    announce(1_000);
    await system.pass(MINUTE);
  }
  const during = await sweeps(8);
  isDown = false;
  const reports = [...during, ...(await sweeps(4))];
  expect(reports.map(({status}) => status)).toEqual(Array(12).fill('done'));
  const sizes = Object.values(await documentSizes(system.store));
  expect(sizes.length).toBeGreaterThan(10);
  expect(Math.max(...sizes)).toBeLessThan(LARGEST_DOCUMENT);
  const counts = sentAgain();
  // 95 % of GitHub’s limit for three minutes, after the webhook is seen to be up.
  expect(counts.length).toBeGreaterThan(3 * 171 - 20);
  // Probes fail and do not count as tries.
  expect(counts.filter((count) => count > 1).length).toBeLessThanOrEqual(9);
  expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  expect(
    reports.every(({incomplete}) => incomplete.length === 0 || incomplete.every((what) => /acme/.test(what))),
  ).toBe(true);
});

describe('more deliveries than a sweep reads', () => {
  let bad: string | undefined;
  let isBroken: boolean;

  /** The first delivery fails until the others have arrived. */
  async function withMany(count: number): Promise<void> {
    bad = undefined;
    isBroken = true;
    await withWebhook(async ({headers}) => {
      const guid = headers['X-GitHub-Delivery'] ?? '';
      bad ??= guid;
      return {status: guid === bad && isBroken ? 500 : 200};
    });
    announce(1);
    await system.pass(MINUTE);
    for (let sent = 0; sent < count; sent += 500) {
      announce(500);
      await system.pass(MINUTE / 2);
    }
    isBroken = false;
  }

  const newest = () => system.github.deliveries.list(() => true)[0];
  const pages = () => calls(/list-webhook-deliveries/).length;

  test('52,000: the failed one is found at once, and no sweep reads more than twenty pages', async () => {
    await withMany(52_000);
    for (let n = 0; n < 3; n++) {
      const before = pages();
      await sweeps(1);
      expect(pages() - before).toBe(20);
    }
    await system.pass(MINUTE / 2);
    expect(newest()).toMatchObject({guid: bad, redelivery: true, statusCode: 200});
    expect(redeliveries()).toHaveLength(1);
  });

  test('2,500: all are read once', async () => {
    await withMany(2_500);
    await sweeps(6);
    expect(newest()).toMatchObject({guid: bad, redelivery: true, statusCode: 200});
    const before = pages();
    await sweeps(1);
    expect(pages() - before).toBe(1);
    expect(redeliveries()).toHaveLength(1);
  });

  test('a page that answers 502: the pages before it count, and the next sweep reads the rest', async () => {
    await withMany(2_500);
    const respond = {status: 502, headers: {}, body: {}};
    system.github.faults.clear();
    let listed = 0;
    const path = {test: (text: string) => /hook\/deliveries$/.test(text) && ++listed === 4} as unknown as RegExp;
    system.github.fault({match: {path}, respond});
    const [report] = await sweeps(1);
    expect(report?.incomplete).toContain('the deliveries');
    expect(report?.seen['deliveries']).toBe(300);
    await sweeps(3);
    await system.pass(MINUTE / 2);
    expect(newest()).toMatchObject({guid: bad, redelivery: true, statusCode: 200});
  });
});

describe('a save that fails', () => {
  let isBroken: (id: string) => boolean;

  /** A store that refuses the documents of `locks` for which `isBroken` returns true. */
  function breaking(store: Store): Store {
    return {
      ...store,
      transaction: (body) =>
        store.transaction((transaction) =>
          body({
            ...transaction,
            set: (collection, id, data) => {
              if (collection === 'locks' && isBroken(id)) throw new Unavailable('the document is too large', 5);
              transaction.set(collection, id, data);
            },
          }),
        ),
    };
  }

  beforeEach(async () => {
    isBroken = () => false;
    await withWebhook(undefined, {makeStore: (clock) => breaking(createMemoryStore({clock}))});
  });

  test('of the deliveries: the sweep does everything else, and redelivers nothing that it could not record', async () => {
    isDown = true;
    system.queueJob();
    await system.pass(MINUTE);
    isBroken = (id) => id.startsWith('deliveries');
    const labels = {'slipway-deployment': 'slipway', 'slipway-pool': 'arm'};
    system.compute.addInstance({name: 'slipway-arm-7-1', zone: 'us-central1-a', labels, status: 'RUNNING'});
    const reports = await sweeps(10);
    expect(reports.map(({status}) => status)).toEqual(Array(10).fill('done'));
    expect(reports[0]?.incomplete).toContain('the record of deliveries');
    expect(system.compute.instances()).toEqual([]);
    expect(redeliveries()).toEqual([]);
    isBroken = () => false;
    isDown = false;
    await sweeps(3);
    expect(system.compute.created.length).toBeGreaterThan(0);
  });

  test('of the state: the sweep is answered, its actions remain, and the next sweep gets the lock', async () => {
    const lockWrites: number[] = [];
    // The second write of each sweep is the one at its end.
    isBroken = (id) => id === 'sweep' && lockWrites.push(0) % 3 === 2;
    const reports = await sweeps(3);
    expect(reports.map(({status}) => status)).toEqual(['done', 'done', 'done']);
  });
});

test('fields of earlier versions are dropped from the lock document', async () => {
  await withWebhook(ok);
  await system.sweep();
  const lock = await system.store.get('locks', 'sweep');
  const redelivered = Object.fromEntries(Array.from({length: 5_000}, (_, n) => [`guid-${n}`, {count: 3, at: 1}]));
  await system.store.transaction(async (transaction) => {
    transaction.set('locks', 'sweep', {...lock, redelivered, deliveriesSince: 1} as unknown as Collections['locks']);
  });
  await sweeps(1);
  expect((await documentSizes(system.store))['sweep']).toBeLessThan(10_000);
});
