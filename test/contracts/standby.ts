import type {Placement} from '../../shared/model/placement';
import type {
  BeginRequest,
  PrepareRequest,
  RunnerProvider,
  StandbyHold,
  StandbyMachines,
  StandbyReference,
} from '../../shared/providers/provider';
import {Secret} from '../../shared/secret';

export interface StandbyUnderTest {
  readonly provider: RunnerProvider;
  /** The guest prepares itself, and says so; one to be held stopped powers off. */
  prepares(name: string): void;
  /** The guest powers off without a word. */
  diesUnprepared(name: string): void;
  /** Whatever is on its way arrives: a suspension, a start. */
  settle(): Promise<void>;
  /** No machine can be created, started or resumed any more. */
  stockOut(): void;
  /** The next answer to a change of the machine's power or of what it was given gets lost. */
  loseAnswers(): void;
  /** What the machine was given to connect with. */
  jitConfigOf(name: string): string | undefined;
  /** Names of the machines that run. */
  running(): readonly string[];
  /** What machines are made from is another from now on. */
  changeTemplate(): void;
  /** Makes a machine of this name that another deployment owns. */
  plantForeign(name: string): Promise<{readonly place: string}>;
  close(): Promise<void>;
}

const NAME = 'slipway-arm-sa1b2c3d4e5-1';
const HOLDS: readonly StandbyHold[] = ['stopped', 'suspended'];

/** What every provider with standby machines has to do. `open` gives one of a deployment that has no machine yet. */
export function describeStandby(name: string, open: () => Promise<StandbyUnderTest>): void {
  describe(name, () => {
    let world: StandbyUnderTest;
    let standby: StandbyMachines;
    let place = '';
    beforeEach(async () => {
      world = await open();
      if (!world.provider.standby) throw new Error('expected a provider with standby machines');
      standby = world.provider.standby;
    });
    afterEach(() => world.close());

    const prepareRequest = (hold: StandbyHold, tried: Placement[] = []): PrepareRequest => ({
      name: NAME,
      pool: 'arm',
      hold,
      beforeInsert: async (placement) => {
        tried.push(placement);
      },
    });
    const machine = (hold: StandbyHold): StandbyReference => ({name: NAME, id: NAME, pool: 'arm', place, hold});
    const beginRequest = (hold: StandbyHold, overrides: Partial<BeginRequest> = {}): BeginRequest => ({
      machine: machine(hold),
      placement: {place, spot: false},
      job: '7-1',
      encodedJitConfig: new Secret('jit-config'),
      ...overrides,
    });
    const state = async (hold: StandbyHold) => (await standby.look(machine(hold))).state;
    const prepare = async (hold: StandbyHold) => {
      const tried: Placement[] = [];
      const outcome = await standby.prepare(prepareRequest(hold, tried));
      place = tried.at(-1)?.place ?? '';
      return outcome;
    };
    const hold = async (how: StandbyHold) => {
      await prepare(how);
      world.prepares(NAME);
      if (how === 'suspended') await standby.suspend(machine(how));
      await world.settle();
    };

    test.each(HOLDS)('a machine to be held %s is made without a JIT config, and is preparing', async (how) => {
      expect(await prepare(how)).toMatchObject({kind: 'created', placement: {place}, id: expect.stringMatching(/./)});
      expect(world.jitConfigOf(NAME)).toBeUndefined();
      expect(await state(how)).toBe('preparing');
    });

    test.each(HOLDS)('held %s it is ready, and listed and found as standby', async (how) => {
      await hold(how);
      expect(await state(how)).toBe('ready');
      expect(world.running()).toEqual([]);
      expect((await world.provider.list()).machines).toMatchObject([
        {name: NAME, place, pool: 'arm', status: 'standby'},
      ]);
      expect(await world.provider.find({name: NAME})).toMatchObject({name: NAME, status: 'standby'});
    });

    test('a prepared machine that is to be held suspended runs until it is suspended, and that can be repeated', async () => {
      await prepare('suspended');
      world.prepares(NAME);
      expect(await state('suspended')).toBe('prepared');
      expect(await standby.suspend(machine('suspended'))).toBe('accepted');
      expect(await standby.suspend(machine('suspended'))).toBe('accepted');
      await world.settle();
      expect(await state('suspended')).toBe('ready');
    });

    test.each(HOLDS)('held %s it begins with the JIT config, and runs', async (how) => {
      await hold(how);
      const began = {kind: 'created', placement: {place, spot: false}, id: NAME};
      expect(await standby.begin(beginRequest(how))).toEqual(began);
      expect(world.jitConfigOf(NAME)).toBe('jit-config');
      expect(world.running()).toEqual([NAME]);
      expect(await state(how)).toBe('begun');
      expect((await world.provider.list()).machines).toMatchObject([{name: NAME, status: 'running'}]);
    });

    test.each(HOLDS)('held %s it begins once, however often it is asked', async (how) => {
      await hold(how);
      const both = await Promise.all([standby.begin(beginRequest(how)), standby.begin(beginRequest(how))]);
      const third = await standby.begin(beginRequest(how));
      expect([...both, third].map(({kind}) => kind)).toEqual(['created', 'created', 'created']);
      expect(world.running()).toEqual([NAME]);
    });

    test('it takes no second JIT config', async () => {
      await hold('stopped');
      await standby.begin(beginRequest('stopped'));
      const encodedJitConfig = new Secret('another-jit-config');
      const second = await standby.begin(beginRequest('stopped', {encodedJitConfig}));
      expect(second.kind).toBe('refused');
      expect(world.jitConfigOf(NAME)).toBe('jit-config');
    });

    test.each(HOLDS)('held %s it begins although answers get lost', async (how) => {
      await hold(how);
      world.loseAnswers();
      expect((await standby.begin(beginRequest(how))).kind).toBe('created');
      await world.settle();
      expect(world.running()).toEqual([NAME]);
    });

    test.each(HOLDS)('held %s it finds no room: no capacity, and the machine is there still', async (how) => {
      await hold(how);
      world.stockOut();
      const outcome = await standby.begin(beginRequest(how));
      expect(outcome).toMatchObject({kind: 'no_capacity', tried: [{place, spot: false}]});
      expect(await world.provider.delete({name: NAME, place})).toBe('accepted');
    });

    test('one that powered off without a word has failed, and says why', async () => {
      await prepare('stopped');
      world.diesUnprepared(NAME);
      expect(await standby.look(machine('stopped'))).toMatchObject({
        state: 'failed',
        because: expect.stringMatching(/./),
      });
    });

    test('one that is held otherwise than it was to be has failed', async () => {
      await hold('stopped');
      expect(await state('suspended')).toBe('failed');
    });

    test('it knows what it was made from, and that this has changed', async () => {
      await prepare('stopped');
      const now = await standby.fingerprint('arm');
      expect(await standby.look(machine('stopped'))).toMatchObject({fingerprint: now});
      world.changeTemplate();
      expect(await standby.fingerprint('arm')).not.toBe(now);
      expect(await standby.look(machine('stopped'))).toMatchObject({fingerprint: now});
    });

    test('one that has ended with its JIT config is stopped, and no standby machine', async () => {
      await hold('stopped');
      await standby.begin(beginRequest('stopped'));
      world.diesUnprepared(NAME);
      expect((await world.provider.list()).machines).toMatchObject([{name: NAME, status: 'stopped'}]);
      expect(await state('stopped')).toBe('begun');
    });

    test('what is not there is absent, is not suspended, and begins nothing', async () => {
      place = (await world.provider.placements({name: NAME, pool: 'arm', job: ''}))[0]?.place ?? '';
      expect(await state('suspended')).toBe('absent');
      expect(await standby.suspend(machine('suspended'))).toBe('absent');
      expect((await standby.begin(beginRequest('stopped'))).kind).toBe('refused');
    });

    test("another's machine of this name is absent, and is neither suspended nor begun", async () => {
      ({place} = await world.plantForeign(NAME));
      expect(await state('suspended')).toBe('absent');
      expect(await standby.suspend(machine('suspended'))).toBe('absent');
      expect((await standby.begin(beginRequest('stopped'))).kind).toBe('refused');
      expect(world.jitConfigOf(NAME)).toBeUndefined();
    });
  });
}
