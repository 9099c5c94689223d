import type {PersistentVm} from '../../shared/providers/persistent-vm';
import type {ComputeApi} from '../emulators/compute/api';
import type {ComputeWorld} from '../emulators/compute/model';
import type {Instance, Status} from '../emulators/compute/resources';

export interface VmUnderTest {
  readonly vm: PersistentVm;
  /** The one that `vm` stands for, TERMINATED. */
  readonly instance: Instance;
  readonly world: ComputeWorld;
  readonly api: Pick<ComputeApi, 'requests' | 'fault'>;
  close(): Promise<void>;
}

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'no resources'};
const QUOTA = {code: 'QUOTA_EXCEEDED', message: "Quota 'GPUS' exceeded"};

/** What a persistent VM has to do. `open` gives one that is stopped. */
export function describePersistentVm(name: string, open: () => Promise<VmUnderTest>): void {
  describe(name, () => {
    let under: VmUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.close());

    const machine = () => ({machineType: under.instance.machineType, spot: false});
    const actions = () =>
      under.api.requests.flatMap(({method, path}) =>
        method === 'POST' ? (/\/(start|stop|resume)$/.exec(path)?.[1] ?? []) : [],
      );

    test('is started, which is awaited, and stopped again', async () => {
      expect(await under.vm.status()).toBe('TERMINATED');
      expect(await under.vm.start({})).toEqual({kind: 'changed', machine: machine()});
      expect(await under.vm.status()).toBe('RUNNING');
      expect(await under.vm.stop({})).toEqual({kind: 'changed'});
      expect(await under.vm.status()).toBe('TERMINATED');
    });

    test('tells when it went down last', async () => {
      expect(await under.vm.stoppedAt()).toBe(under.instance.stoppedAtMs);
      await under.vm.start({});
      await under.vm.stop({});
      const stoppedAt = await under.vm.stoppedAt();
      expect(stoppedAt).toBe(under.instance.stoppedAtMs);
      expect(stoppedAt).toEqual(expect.any(Number));
    });

    test('a start or stop that is repeated changes nothing', async () => {
      await under.vm.start({});
      expect(await under.vm.start({})).toEqual({kind: 'already', machine: machine()});
      await under.vm.stop({});
      expect(await under.vm.stop({})).toEqual({kind: 'already'});
      expect(actions()).toEqual(['start', 'stop']);
    });

    test.each<[Status, string, object | undefined]>([
      ['TERMINATED', 'changed', undefined],
      ['SUSPENDED', 'changed', undefined],
      ['RUNNING', 'already', undefined],
      ['STAGING', 'already', undefined],
      ['STOPPING', 'not_ready', {status: 'STOPPING', retryAfterSeconds: 20}],
      ['SUSPENDING', 'not_ready', {status: 'SUSPENDING', retryAfterSeconds: 20}],
      ['REPAIRING', 'not_ready', {status: 'REPAIRING', retryAfterSeconds: 30}],
    ])('a start finds it %s: %s', async (status, kind, more = {}) => {
      under.instance.status = status;
      const isUp = kind !== 'not_ready';
      expect(await under.vm.start({})).toEqual({kind, ...more, ...(isUp ? {machine: machine()} : {})});
    });

    test.each<[Status, string]>([
      ['RUNNING', 'changed'],
      ['TERMINATED', 'already'],
      ['SUSPENDED', 'already'],
      ['PROVISIONING', 'not_ready'],
      ['STAGING', 'not_ready'],
      ['REPAIRING', 'not_ready'],
    ])('a stop finds it %s: %s', async (status, kind) => {
      under.instance.status = status;
      expect((await under.vm.stop({})).kind).toBe(kind);
    });

    test("somebody else's start is waited for", async () => {
      under.world.power('start', under.instance.zone, under.instance.name);
      expect(under.instance.status).toBe('PROVISIONING');
      expect(await under.vm.start({})).toEqual({kind: 'already', machine: machine()});
      expect(under.instance.status).toBe('RUNNING');
      expect(actions()).toEqual([]);
    });

    test("somebody else's stop is waited for", async () => {
      await under.vm.start({});
      under.world.power('stop', under.instance.zone, under.instance.name);
      expect(await under.vm.stop({})).toEqual({kind: 'already'});
      expect(under.instance.status).toBe('TERMINATED');
    });

    test.each([
      ['no_capacity', STOCK_OUT],
      ['quota', QUOTA],
    ])('%s after the start was accepted is not taken for a start', async (kind, error) => {
      under.world.failLate({times: 1, error});
      expect((await under.vm.start({})).kind).toBe(kind);
      expect(under.instance.status).toBe('TERMINATED');
    });

    test('a start a pause after a failed one is another request', async () => {
      under.world.failLate({times: 1, error: STOCK_OUT});
      await under.vm.start({});
      await under.world.scheduler.sleep(30_000);
      expect(await under.vm.start({})).toEqual({kind: 'changed', machine: machine()});
      const ids = under.api.requests
        .filter(({path}) => path.endsWith('/start'))
        .map(({query}) => query.get('requestId'));
      expect(new Set(ids).size).toBe(2);
    });

    test('an answer that was lost is uncertain, and the next look finds what came of it', async () => {
      under.api.fault({match: ({path}) => path.endsWith('/start'), respond: 'lost'});
      expect((await under.vm.start({})).kind).toBe('uncertain');
      expect(await under.vm.start({})).toEqual({kind: 'already', machine: machine()});
      expect(under.instance.status).toBe('RUNNING');
    });

    test('what is not allowed is refused, and told apart from what is not there', async () => {
      const denied = {status: 403, reason: 'forbidden', message: "Required 'compute.instances.start' permission"};
      under.api.fault({match: ({path}) => path.endsWith('/start'), respond: denied});
      expect((await under.vm.start({})).kind).toBe('refused');
      under.world.delete(under.instance.zone, under.instance.name);
      await under.world.scheduler.sleep(60_000);
      expect(await under.vm.status()).toBeUndefined();
      expect((await under.vm.start({})).kind).toBe('missing');
      expect((await under.vm.stop({})).kind).toBe('missing');
    });

    test('begun and not awaited, the operation has a name', async () => {
      expect(await under.vm.beginStart()).toMatchObject({
        kind: 'begun',
        operation: {name: expect.stringMatching(/^operation-/)},
      });
      expect(under.instance.status).toBe('PROVISIONING');
      expect(await under.vm.beginStart()).toEqual({kind: 'done'});
    });
  });
}
