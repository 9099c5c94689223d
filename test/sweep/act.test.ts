import {RateLimited} from '../../shared/errors';
import {act} from '../../shared/sweep/act';
import type {Sweep} from '../../shared/sweep/context';
import type {Step} from '../../shared/sweep/plan';
import {Restraint} from '../../shared/sweep/restraint';
import {createLogger} from '../../shared/telemetry/create-logger';
import {VirtualScheduler} from '../emulators/scheduler';

const clock = new VirtualScheduler();
const logger = createLogger({level: 'error', destination: {write: () => undefined}});

/** What `act` itself uses of a sweep. */
const sweepWith = (restraint: Restraint) =>
  ({context: {clock, logger}, startedAt: clock.now(), budgetSeconds: 240, restraint}) as unknown as Sweep;
const sweep = sweepWith(new Restraint());

function pointsLeft(points: number): Restraint {
  const restraint = new Restraint();
  restraint.limit([], {now: clock.now(), apps: 1, intervalSeconds: 60});
  while (restraint.allowsCall()) restraint.spend(1);
  restraint.spend(-points);
  return restraint;
}

/** Steps that take a turn of the event loop each, and what happened, in order. */
function recorded() {
  const events: string[] = [];
  let running = 0;
  let most = 0;
  const step = (kind: 'delete_vm' | 'end_runner' | 'demand', name: string, failure?: Error, owner = 'acme'): Step => ({
    action: {kind, reason: 'orphan'} as unknown as Step['action'],
    subject: {runner: name},
    owner,
    async act() {
      events.push(`begin ${name}`);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      events.push(`end ${name}`);
      if (failure) throw failure;
      return {decision: 'removed'};
    },
  });
  return {events, step, most: () => most};
}

test('deletions run eight at a time, and nothing else at the same time as another step', async () => {
  const {events, step, most} = recorded();
  const deletions = Array.from({length: 20}, (_, n) => step('delete_vm', `vm-${n}`));
  const report = await act(sweep, [
    step('demand', 'first'),
    step('demand', 'second'),
    ...deletions,
    step('demand', 'last'),
  ]);
  expect(report).toMatchObject({done: {orphan: 23}, failed: {}, notStarted: 0});
  expect(most()).toBe(8);
  expect(events.slice(0, 4)).toEqual(['begin first', 'end first', 'begin second', 'end second']);
  expect(events.slice(-2)).toEqual(['begin last', 'end last']);
});

test('a deletion that fails keeps none of the others from being carried out', async () => {
  const {events, step} = recorded();
  const deletions = Array.from({length: 10}, (_, n) =>
    step('delete_vm', `vm-${n}`, n % 2 === 0 ? new Error('refused') : undefined),
  );
  expect(await act(sweep, deletions)).toMatchObject({done: {orphan: 5}, failed: {orphan: 5}, notStarted: 0});
  expect(events).toHaveLength(20);
});

test('deregistrations for which GitHub’s points do not suffice run one after the other, and deletions of machines eight at a time still', async () => {
  const {events, step, most} = recorded();
  const restraint = pointsLeft(12);
  const runners = Array.from({length: 10}, (_, n) => step('end_runner', `runner-${n}`));
  const machines = Array.from({length: 4}, (_, n) => step('delete_vm', `vm-${n}`));
  expect(await act(sweepWith(restraint), [...runners, ...machines])).toMatchObject({done: {orphan: 14}, notStarted: 0});
  // Two of the runners and the four machines.
  expect(most()).toBe(6);
  const alone = events.slice(12);
  expect(alone.map((event) => event.split(' ')[0])).toEqual(Array(8).fill(['begin', 'end']).flat());
});

const limited = new RateLimited('GitHub limits acme', 60);

test('deregistrations beyond GitHub’s points end at its first refusal, and everything else goes on', async () => {
  const {events, step} = recorded();
  const report = await act(sweepWith(pointsLeft(0)), [
    step('end_runner', 'runner-1'),
    step('end_runner', 'runner-2', limited),
    step('end_runner', 'runner-3'),
    step('delete_vm', 'vm'),
    step('demand', 'job'),
    step('end_runner', 'runner-4'),
  ]);
  expect(report).toMatchObject({done: {orphan: 3}, failed: {orphan: 1}, notStarted: 2});
  expect(events.filter((event) => event.startsWith('begin'))).toEqual(
    ['vm', 'runner-1', 'runner-2', 'job'].map((name) => `begin ${name}`),
  );
});

test('a refusal within the points ends the deregistrations beyond them', async () => {
  const {events, step} = recorded();
  const runners = Array.from({length: 3}, (_, n) => step('end_runner', `runner-${n}`, limited));
  // The points suffice for one.
  expect(await act(sweepWith(pointsLeft(1)), runners)).toMatchObject({failed: {orphan: 1}, notStarted: 2});
  expect(events).toEqual(['begin runner-0', 'end runner-0']);
});

test('a limit of one owner holds up the deregistrations of no other', async () => {
  const {events, step} = recorded();
  const report = await act(sweepWith(pointsLeft(0)), [
    step('end_runner', 'acme-1', limited),
    step('end_runner', 'other-1', undefined, 'other'),
    step('end_runner', 'acme-2'),
    step('end_runner', 'other-2', undefined, 'other'),
  ]);
  expect(report).toMatchObject({done: {orphan: 2}, failed: {orphan: 1}, notStarted: 1});
  expect(events.filter((event) => event.startsWith('begin'))).toEqual(
    ['acme-1', 'other-1', 'other-2'].map((name) => `begin ${name}`),
  );
});

test('a failure that is no limit of GitHub ends no deregistration', async () => {
  const {step} = recorded();
  const runners = Array.from({length: 3}, (_, n) => step('end_runner', `runner-${n}`, new Error('gone')));
  expect(await act(sweepWith(pointsLeft(0)), runners)).toMatchObject({failed: {orphan: 3}, notStarted: 0});
});

test('what the time does not suffice for is counted', async () => {
  const {events, step} = recorded();
  const late = {...sweep, budgetSeconds: 0};
  const report = await act(late, [step('demand', 'job'), step('delete_vm', 'vm-1'), step('delete_vm', 'vm-2')]);
  expect([report.notStarted, events]).toEqual([3, []]);
});
