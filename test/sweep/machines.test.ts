import type {MachineList, MachineReference, NamedProvider, RunnerProvider} from '../../shared/providers/provider';
import type {Sweep} from '../../shared/sweep/context';
import {listMachines} from '../../shared/sweep/machines';
import {createLogger} from '../../shared/telemetry/create-logger';
import {holdTimeouts, pass, releaseTimeouts} from '../builders/held-timeouts';
import {machine} from '../builders/sweep';

const logger = createLogger({level: 'error', destination: {write: () => undefined}});
const one = (name: string, place: string) => {
  const {provider: _, ...listed} = machine({name}, {place});
  return listed;
};

/** A sweep that knows nothing but these providers' lists. */
function sweepOver(lists: Readonly<Record<string, RunnerProvider['list']>>) {
  const providers = Object.entries(lists).map(
    ([type, list]): NamedProvider => ({type, provider: {list} as RunnerProvider}),
  );
  const incomplete: string[] = [];
  const asked: string[][] = [];
  const context = {
    logger,
    providers: (types: Iterable<string>) => {
      asked.push([...types]);
      return providers;
    },
  };
  return {sweep: {context, incomplete} as unknown as Sweep, incomplete, asked};
}

const complete = async (): Promise<MachineList> => ({machines: [one('a', 'here')], complete: true});

test('a provider that refuses is left out, and the machines of the others are seen', async () => {
  const refuse = () => Promise.reject(new Error('no'));
  const {sweep, incomplete} = sweepOver({gce: refuse, memory: complete});
  expect(await listMachines(sweep, [])).toEqual({
    machines: [{...one('a', 'here'), provider: 'memory'}],
    unlisted: [{provider: 'gce'}],
  });
  expect(incomplete).toEqual(['the machines of gce']);
});

test('of a list that is not complete the places count that were listed to the end', async () => {
  const partly = async () => ({
    machines: [one('a', 'here'), one('b', 'there')],
    complete: false,
    unreadPlaces: ['there'],
  });
  const {sweep} = sweepOver({memory: partly});
  expect(await listMachines(sweep, [])).toEqual({
    machines: [{...one('a', 'here'), provider: 'memory'}],
    unlisted: [{provider: 'memory', place: 'there'}],
  });
});

test('where the provider does not say which places are missing, none counts', async () => {
  const partly = async () => ({machines: [one('a', 'here')], complete: false});
  const {sweep} = sweepOver({memory: partly});
  expect(await listMachines(sweep, [])).toEqual({machines: [], unlisted: [{provider: 'memory'}]});
});

test('the providers are asked of the runners on record, of those without a provider Compute Engine', async () => {
  const {sweep, asked} = sweepOver({});
  const runners = [{provider: 'memory'}, {}, {provider: 'memory'}].map((of, n) => ({
    name: `r-${n}`,
    pool: 'arm',
    ...of,
  }));
  await listMachines(sweep, runners);
  expect(asked).toEqual([['memory', 'gce']]);
});

test('each provider is told which machines of its runners are on record, by id where one is known', async () => {
  const told: (readonly MachineReference[])[] = [];
  const list = async (onRecord: readonly MachineReference[] = []) => {
    told.push(onRecord);
    return {machines: [], complete: true};
  };
  const {sweep} = sweepOver({memory: list});
  const ours = {name: 'r-1', pool: 'arm', provider: 'memory', machineId: 'm-1'};
  await listMachines(sweep, [ours, {name: 'r-2', pool: 'arm'}]);
  expect(told).toEqual([[{name: 'r-1', pool: 'arm', id: 'm-1'}]]);
});

describe('a provider that does not answer', () => {
  beforeEach(holdTimeouts);
  afterEach(releaseTimeouts);

  test('is given up after 30 s, and the others are listed meanwhile', async () => {
    let isAsked = false;
    const hang = () => {
      isAsked = true;
      return new Promise<MachineList>(() => undefined);
    };
    const {sweep} = sweepOver({slow: hang, memory: complete});
    let listed: unknown;
    const all = listMachines(sweep, []).then((result) => {
      listed = result;
    });
    await pass(29_999, () => isAsked);
    expect(listed).toBeUndefined();
    await pass(1, () => isAsked);
    await all;
    expect(listed).toMatchObject({machines: [{name: 'a', provider: 'memory'}], unlisted: [{provider: 'slow'}]});
  });
});
