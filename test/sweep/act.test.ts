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

/** Steps that take a turn of the event loop each, and what happened, in order. */
function recorded() {
  const events: string[] = [];
  let running = 0;
  let most = 0;
  const step = (kind: 'delete_vm' | 'end_runner' | 'demand', name: string, fails = false): Step => ({
    action: {kind, reason: 'orphan'} as unknown as Step['action'],
    subject: {runner: name},
    async act() {
      events.push(`begin ${name}`);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      events.push(`end ${name}`);
      if (fails) throw new Error('refused');
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
  const deletions = Array.from({length: 10}, (_, n) => step('delete_vm', `vm-${n}`, n % 2 === 0));
  expect(await act(sweep, deletions)).toMatchObject({done: {orphan: 5}, failed: {orphan: 5}, notStarted: 0});
  expect(events).toHaveLength(20);
});

test('deregistrations for which GitHub’s points do not suffice run one after the other, and deletions of machines eight at a time still', async () => {
  const {events, step, most} = recorded();
  const restraint = new Restraint();
  restraint.limit([], {now: clock.now(), apps: 1, intervalSeconds: 60});
  while (restraint.allowsCall()) restraint.spend(1);
  restraint.spend(-12);
  const runners = Array.from({length: 10}, (_, n) => step('end_runner', `runner-${n}`));
  const machines = Array.from({length: 4}, (_, n) => step('delete_vm', `vm-${n}`));
  expect(await act(sweepWith(restraint), [...runners, ...machines])).toMatchObject({done: {orphan: 14}, notStarted: 0});
  // Two of the runners and the four machines.
  expect(most()).toBe(6);
  const alone = events.slice(12);
  expect(alone.map((event) => event.split(' ')[0])).toEqual(Array(8).fill(['begin', 'end']).flat());
});

test('what the time does not suffice for is counted', async () => {
  const {events, step} = recorded();
  const late = {...sweep, budgetSeconds: 0};
  const report = await act(late, [step('demand', 'job'), step('delete_vm', 'vm-1'), step('delete_vm', 'vm-2')]);
  expect([report.notStarted, events]).toEqual([3, []]);
});
