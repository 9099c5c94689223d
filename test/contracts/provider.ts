import type {CreateRequest, Machine, Provider, Rung} from '../../shared/providers/provider';
import {Secret} from '../../shared/secret';

export interface ProviderUnderTest {
  readonly provider: Provider;
  /** Every machine there is, whoever made it, as far as it is not on its way out. */
  machines(): readonly Pick<Machine, 'name' | 'zone'>[];
  /** Makes a machine that another deployment, or a person, owns, where the provider would make its own. */
  plantForeign(name: string): Promise<Pick<Machine, 'zone'>>;
  close(): Promise<void>;
}

/** A request as `provision` makes it; its attempts are noted in `rungs`. */
export function createRequest(overrides: Partial<CreateRequest> = {}, rungs: Rung[] = []): CreateRequest {
  return {
    name: 'slipway-arm-7-1',
    pool: 'arm',
    job: '7-1',
    encodedJitConfig: new Secret('jit-config'),
    beforeInsert: async (rung) => {
      rungs.push(rung);
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
      const rungs: Rung[] = [];
      const outcome = await provider.create(createRequest({}, rungs));
      expect(outcome).toEqual({kind: 'created', rung: rungs.at(-1)});
      const zone = rungs.at(-1)?.zone;
      expect(await provider.find({name: theName})).toMatchObject({name: theName, zone});
      expect(await provider.delete({name: theName})).toBe('accepted');
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
      const {provider} = world;
      const both = await Promise.all([provider.create(createRequest()), provider.create(createRequest())]);
      const third = await provider.create(createRequest());
      expect([...both, third].map(({kind}) => kind)).toEqual(['created', 'created', 'created']);
      expect(world.machines()).toHaveLength(1);
    });

    test('a machine is found and deleted by its zone as well as without it', async () => {
      const {provider} = world;
      await provider.create(createRequest());
      const zone = world.machines()[0]?.zone ?? '';
      expect(await provider.find({name: theName, zone})).toMatchObject({name: theName, zone});
      expect(await provider.delete({name: theName, zone})).toBe('accepted');
      expect(world.machines()).toEqual([]);
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
      const {provider} = world;
      const {zone} = await world.plantForeign(theName);
      expect(await provider.find({name: theName})).toBeUndefined();
      expect(await provider.find({name: theName, zone})).toBeUndefined();
      expect(await provider.delete({name: theName})).toBe('absent');
      expect(await provider.delete({name: theName, zone})).toBe('absent');
      expect((await provider.create(createRequest())).kind).toBe('name_taken');
      expect(world.machines()).toEqual([{name: theName, zone}]);
    });
  });
}
