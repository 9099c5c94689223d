import {Refused} from '../../shared/errors';
import type {Pool} from '../../shared/model/pool';
import type {RunnerProvider} from '../../shared/providers/provider';
import {createProviders} from '../../shared/providers/registry';
import {createLogger} from '../../shared/telemetry/create-logger';
import {aPool} from '../builders/lifecycle';
import {VirtualScheduler} from '../emulators/scheduler';

const inMemory = aPool({name: 'mem', provider: {type: 'memory'}});
const persistent = aPool({name: 'vm', provider: {type: 'gce-vm', instance: 'box', zone: 'us-central1-a'}});

/** The registry with providers that can be told apart; `made`: the types that were made, in order. */
function registry(pools: readonly Pool[]) {
  const made: string[] = [];
  const make = (type: string) => () => {
    made.push(type);
    return {registration: 'create', list: async () => ({machines: [], complete: true})} as unknown as RunnerProvider;
  };
  const logger = createLogger({level: 'error', destination: {write: () => undefined}});
  const compute = () => {
    throw new Error('no provider asks for Compute Engine here');
  };
  const config = {deployment: 'slipway', pools, aws: {audience: 'slipway', endpoints: {}}, dryRun: false};
  const codemagic = () => {
    throw new Error('no provider asks for CodeMagic here');
  };
  const hosts = () => {
    throw new Error('no provider asks for a Docker host here');
  };
  const options = {config, compute, codemagic, hosts, clock: new VirtualScheduler(), logger};
  return {made, ...createProviders(options, {gce: make('gce'), memory: make('memory')})};
}

test('a provider that no pool and no record names is never made', () => {
  const {all, of, made} = registry([inMemory]);
  expect(all([]).map(({type}) => type)).toEqual(['memory']);
  expect(of('mem')).toBe(all([])[0]?.provider);
  expect(made).toEqual(['memory']);
});

test('a record brings in its provider, also without a pool of it', () => {
  const {all, of, made} = registry([inMemory]);
  expect(all(['gce']).map(({type}) => type)).toEqual(['memory', 'gce']);
  expect(of('removed', 'gce')).toBe(all(['gce'])[1]?.provider);
  expect(made).toEqual(['memory', 'gce']);
});

test('the provider of a record counts before that of its pool, which may have changed', () => {
  const {all, of} = registry([inMemory]);
  expect(of('mem', 'gce')).toBe(all(['gce'])[1]?.provider);
});

test('a pool that is not configured any more, and of whose provider nothing is on record, is one of Compute Engine', () => {
  const {all, of} = registry([aPool()]);
  expect(of('removed')).toBe(all([])[0]?.provider);
});

test('a deployment with a persistent VM looks for machines on Compute Engine too', () => {
  expect(
    registry([inMemory, persistent])
      .all([])
      .map(({type}) => type),
  ).toEqual(['memory', 'gce']);
});

test('a pool with a persistent VM creates no machines', () => {
  expect(() => registry([persistent]).of('vm')).toThrow(Refused);
});

test('a type that only another version has is never listed as complete, and keeps no other provider from being listed', async () => {
  const {all, of} = registry([inMemory]);
  const [memory, other] = all(['blimp']);
  expect(await memory?.provider.list()).toEqual({machines: [], complete: true});
  await expect(other?.provider.list()).rejects.toThrow('found no provider blimp');
  expect(() => of('mem', 'blimp')).toThrow('found no provider blimp');
});
