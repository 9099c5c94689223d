import {SlipwayError} from '../../shared/errors';
import type {MachineOptions} from '../../shared/model/options';
import type {Placement} from '../../shared/model/placement';
import type {CreateRequest, Machine, RunnerProvider} from '../../shared/providers/provider';
import {Secret} from '../../shared/secret';

export interface ProviderUnderTest {
  readonly provider: RunnerProvider;
  /**
   * What the service knows a machine by. `name`: a name has one machine, whoever owns it, and a creation can be repeated. `id`: the service
   * names the machine, and each creation makes another one; the core asks `find` before it repeats one.
   */
  readonly identity: 'name' | 'id';
  /** The provider of the same deployment after its configuration was changed: pool `arm` is gone, and pool `other` has another place. */
  changed(): RunnerProvider;
  /** Every machine there is, whoever made it, as far as it is not on its way out. */
  machines(): readonly Pick<Machine, 'name' | 'place'>[];
  /** Makes a machine that another deployment, or a person, owns, where the provider would make its own. */
  plantForeign(name: string): Promise<Pick<Machine, 'place'>>;
  /** Marks a machine as one that a person wants to keep. Missing: its service has no such mark. */
  keep?(name: string): Promise<void>;
  /**
   * What a job may choose of a machine, where the provider knows options: a type that its pool does not name, and a boot disk above the
   * template's. `sizes` are the GB of the boot disks that were made, by the service.
   */
  readonly choice?: {
    readonly options: Required<Pick<MachineOptions, 'machine' | 'disk'>>;
    /** A boot disk that its template does not allow. */
    readonly tooSmall: number;
    sizes(): readonly number[];
  };
  /** From now on the provider's service answers nothing that is of use. */
  fail(): void;
  /** Milliseconds since the epoch, by the provider's clock. */
  now(): number;
  close(): Promise<void>;
}

/** A request as `provision` makes it; its attempts are noted in `tried`. */
export function createRequest(overrides: Partial<CreateRequest> = {}, tried: Placement[] = []): CreateRequest {
  return {
    name: 'slipway-arm-7-1',
    pool: 'arm',
    job: '7-1',
    encodedJitConfig: new Secret('jit-config'),
    scope: {kind: 'repository', owner: 'acme', repo: 'app'},
    labels: ['self-hosted', 'arm64'],
    repository: async () => 'acme/app',
    beforeInsert: async (placement) => {
      tried.push(placement);
    },
    ...overrides,
  };
}

/** What every provider has to do. `open` gives one of a deployment that has no machine yet. */
export function describeProvider(name: string, open: () => Promise<ProviderUnderTest>): void {
  describe(name, () => {
    let world: ProviderUnderTest;
    const theName = 'slipway-arm-7-1';

    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    test('a machine is created, found, deleted and then absent', async () => {
      const {provider} = world;
      const tried: Placement[] = [];
      const outcome = await provider.create(createRequest({}, tried));
      expect(outcome).toEqual({kind: 'created', placement: tried.at(-1), id: expect.stringMatching(/./)});
      const place = tried.at(-1)?.place;
      expect(await provider.find({name: theName})).toMatchObject({name: theName, place});
      expect(await provider.delete({name: theName})).toBe('accepted');
      expect(world.machines()).toEqual([]);
    });

    test('the placements that would be tried are in the order in which they are, the first one first', async () => {
      const {provider} = world;
      const tried: Placement[] = [];
      const expected = await provider.placements({name: theName, pool: 'arm', job: '7-1'});
      await provider.create(createRequest({}, tried));
      expect(expected.length).toBeGreaterThan(0);
      expect(tried).toEqual(expected.slice(0, tried.length));
    });

    test('to ask for the placements makes nothing', async () => {
      await world.provider.placements({name: theName, pool: 'arm', job: '7-1'});
      expect(world.machines()).toEqual([]);
    });

    test('what the job has chosen is what is tried and made, with spot as the job says', async () => {
      const {provider, choice} = world;
      if (!choice) return;
      const tried: Placement[] = [];
      for (const spot of ['only', 'never'] as const) {
        const name = `slipway-arm-7-${spot === 'only' ? 1 : 2}`;
        const options = {...choice.options, spot};
        const expected = await provider.placements({name, pool: 'arm', job: '7-1', options});
        const kinds = new Set(expected.map((placement) => `${placement.machineType} ${placement.spot}`));
        expect([...kinds]).toEqual([`${choice.options.machine} ${spot === 'only'}`]);
        const outcome = await provider.create(createRequest({name, options}, tried));
        expect(outcome).toMatchObject({kind: 'created', placement: expected[0]});
      }
      expect(choice.sizes()).toEqual([choice.options.disk, choice.options.disk]);
    });

    test('a disk below that of its template is not allowed, and nothing is made', async () => {
      const {provider, choice} = world;
      if (!choice) return;
      const outcome = await provider.create(createRequest({options: {disk: choice.tooSmall}}));
      expect(outcome).toMatchObject({
        kind: 'option_not_allowed',
        message: expect.stringContaining(`disk=${choice.tooSmall}`),
      });
      expect(world.machines()).toEqual([]);
    });

    test('its place is told before it is made', async () => {
      const seen: number[] = [];
      const beforeInsert = async () => {
        seen.push(world.machines().length);
      };
      await world.provider.create(createRequest({beforeInsert}));
      expect(seen).toEqual([0]);
    });

    test('what beforeInsert throws comes out, and no machine is made', async () => {
      const beforeInsert = () => Promise.reject(new RangeError('the runner is not wanted any more'));
      await expect(world.provider.create(createRequest({beforeInsert}))).rejects.toThrow('not wanted any more');
      expect(world.machines()).toEqual([]);
    });

    test('two creations of the same name and job, one after the other or at once, make one machine', async () => {
      const {provider, identity} = world;
      if (identity === 'id') return;
      const both = await Promise.all([provider.create(createRequest()), provider.create(createRequest())]);
      const third = await provider.create(createRequest());
      expect([...both, third].map(({kind}) => kind)).toEqual(['created', 'created', 'created']);
      expect(world.machines()).toHaveLength(1);
    });

    test('a machine is found and deleted by its place as well as without it', async () => {
      const {provider} = world;
      await provider.create(createRequest());
      const place = world.machines()[0]?.place ?? '';
      expect(await provider.find({name: theName, place})).toMatchObject({name: theName, place});
      expect(await provider.delete({name: theName, place})).toBe('accepted');
      expect(world.machines()).toEqual([]);
    });

    test('the id of a machine is the same wherever it is told, and finds and deletes the machine', async () => {
      const {provider} = world;
      const outcome = await provider.create(createRequest());
      const id = outcome.kind === 'created' ? outcome.id : '';
      const place = world.machines()[0]?.place ?? '';
      expect((await provider.find({name: theName}))?.id).toBe(id);
      expect((await provider.list()).machines.map((machine) => machine.id)).toEqual([id]);
      expect(await provider.find({name: theName, id, place})).toMatchObject({name: theName, id, place});
      expect(await provider.delete({name: theName, id, place})).toBe('accepted');
      expect(world.machines()).toEqual([]);
    });

    test('an id that no machine has finds and deletes nothing where the id is not the name', async () => {
      const {provider, identity} = world;
      await provider.create(createRequest());
      if (identity === 'name') return;
      const other = {name: theName, id: 'no-such-machine'};
      expect(await provider.find(other)).toBeUndefined();
      expect(await provider.delete(other)).toBe('absent');
      expect(world.machines()).toHaveLength(1);
    });

    test('what is not there is not found, and its deletion is done already', async () => {
      expect(await world.provider.find({name: theName})).toBeUndefined();
      expect(await world.provider.delete({name: theName})).toBe('absent');
    });

    test('a deletion can be repeated', async () => {
      const {provider} = world;
      await provider.create(createRequest());
      expect(await provider.delete({name: theName})).toBe('accepted');
      expect(['accepted', 'absent']).toContain(await provider.delete({name: theName}));
      expect(world.machines()).toEqual([]);
    });

    test("another's machine of the same name is neither found, nor deleted, nor taken for ours", async () => {
      const {provider, identity} = world;
      const {place} = await world.plantForeign(theName);
      expect(await provider.find({name: theName})).toBeUndefined();
      expect(await provider.find({name: theName, place})).toBeUndefined();
      expect(await provider.delete({name: theName})).toBe('absent');
      expect(await provider.delete({name: theName, place})).toBe('absent');
      const {kind} = await provider.create(createRequest());
      // Where the machine is made later, it is told later that the name is in use.
      const isRefused = identity === 'name' && provider.registration === 'create';
      expect(kind).toBe(isRefused ? 'name_taken' : 'created');
      if (kind === 'created') expect(await provider.delete({name: theName})).toBe('accepted');
      expect(world.machines()).toEqual([{name: theName, place}]);
    });

    test('every machine of the deployment is listed, as it is found alone, and no machine of another', async () => {
      const {provider} = world;
      await world.plantForeign('slipway-arm-8-1');
      expect(await provider.list()).toEqual({machines: [], complete: true});
      await provider.create(createRequest());
      const machine = await provider.find({name: theName});
      expect(machine).toMatchObject({name: theName, pool: 'arm', status: 'running', isKept: false});
      expect(machine?.id).not.toBe('');
      expect(await provider.list()).toEqual({machines: [machine], complete: true});
    });

    test('a machine on record whose pool is gone is found, listed and deleted as before', async () => {
      const {provider} = world;
      await provider.create(createRequest());
      const machine = await provider.find({name: theName});
      if (!machine) throw new RangeError('found no machine');
      const changed = world.changed();
      const reference = {name: theName, id: machine.id, pool: 'arm', place: machine.place};
      expect(await changed.list([reference])).toEqual({machines: [machine], complete: true});
      expect(await changed.find(reference)).toEqual(machine);
      expect(await changed.delete(reference)).toBe('accepted');
      expect(world.machines()).toEqual([]);
      const {machines, complete} = await changed.list([reference]);
      expect(machines.filter(({status}) => !/^stopp/.test(status))).toEqual([]);
      expect(complete).toBe(true);
    });

    test('while the service does not answer, a machine on record whose pool is gone is not said to be missing', async () => {
      await world.provider.create(createRequest());
      const [machine] = (await world.provider.list()).machines;
      if (!machine) throw new RangeError('found no machine');
      const changed = world.changed();
      world.fail();
      const reference = {name: theName, id: machine.id, pool: 'arm', place: machine.place};
      const listed = await changed.list([reference]).catch((error: unknown) => error);
      expect(listed).toEqual(expect.not.objectContaining({complete: true}));
    });

    test('a machine is as old as it is', async () => {
      const {provider} = world;
      const before = world.now();
      await provider.create(createRequest());
      const createdAt = (await provider.find({name: theName}))?.createdAt ?? 0;
      // Where it is told in whole seconds.
      expect(createdAt).toBeGreaterThan(before - 1_000);
      expect(createdAt).toBeLessThanOrEqual(world.now());
    });

    test('a machine that is being deleted is listed as such, or not at all', async () => {
      const {provider} = world;
      await provider.create(createRequest());
      await provider.delete({name: theName});
      const {machines} = await provider.list();
      expect(machines.map(({status}) => status).filter((status) => !/^stopp/.test(status))).toEqual([]);
    });

    test('a machine that a person keeps says so', async () => {
      const {provider} = world;
      await provider.create(createRequest());
      if (!world.keep) return;
      await world.keep(theName);
      expect((await provider.list()).machines).toMatchObject([{name: theName, isKept: true}]);
    });

    test('a machine that is there was not taken back', async () => {
      const {provider} = world;
      await provider.create(createRequest());
      const {machines} = await provider.list();
      expect(machines).toHaveLength(1);
      for (const {name, id, place} of machines) {
        expect((await provider.wasPreempted?.({name, id, place})) ?? false).toBe(false);
      }
    });

    test('a check that finds it well changes nothing, and says what it asked', async () => {
      const findings = await world.provider.check('arm');
      expect(findings.map(({status}) => status)).toEqual(findings.map(() => 'ok'));
      expect(findings.every(({because, do: advice}) => because !== '' && advice !== '')).toBe(true);
      expect(findings).not.toEqual([]);
      expect(world.machines()).toEqual([]);
    });

    test('while the service does not answer, nothing is listed as all there is, and the check says that it found nothing out', async () => {
      const {provider} = world;
      await provider.create(createRequest());
      world.fail();
      const listed = await provider.list().catch((error: unknown) => error);
      expect(listed).toEqual(expect.not.objectContaining({complete: true}));
      if (listed instanceof Error) expect(listed).toBeInstanceOf(SlipwayError);
      const found = (await provider.check('arm')).map(({status}) => status);
      expect(found).toEqual(found.map(() => 'skipped'));
      expect(found).not.toEqual([]);
    });
  });
}
