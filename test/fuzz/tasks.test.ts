import {isDeepStrictEqual} from 'node:util';
import fc from 'fast-check';
import {InvalidTask} from '../../shared/errors';
import {parseTask, type QueueName} from '../../shared/model/task-payload';
import {anEvent} from '../builders/lifecycle';
import {mutatedJson} from './mutated-json';
import {holdsFor} from './property';

const TASKS = [
  {kind: 'event', event: anEvent({delivery: 'd-1'})},
  {kind: 'demand', job: '1001-1'},
  {kind: 'idle', runner: 'slipway-arm-1001-1', since: 1, reading: 0},
  {kind: 'delete', runner: 'slipway-arm-1001-1'},
];

const bodies = fc.oneof(
  fc
    .constantFrom(...TASKS)
    .chain(mutatedJson)
    .map((value) => Buffer.from(JSON.stringify(value) ?? '')),
  fc.json().map((text) => Buffer.from(text)),
  fc.uint8Array({maxLength: 200}).map((bytes) => Buffer.from(bytes)),
);

/** Whether `read` has nothing that `written` has not; what is unknown may be left out, and what older versions did not write is null. */
function isPartOf(read: unknown, written: unknown): boolean {
  if (Array.isArray(read) || typeof read !== 'object' || read === null) return isDeepStrictEqual(read, written);
  return (
    typeof written === 'object' &&
    written !== null &&
    Object.entries(read).every(([key, value]) =>
      Object.hasOwn(written, key) ? isPartOf(value, Reflect.get(written, key)) : value === null,
    )
  );
}

test.each<QueueName>(['provision', 'stop'])(
  'a body of queue %s is read as it was written, but for fields that are unknown, or is an InvalidTask',
  async (queue) => {
    let accepted = 0;
    await holdsFor(5_000, bodies, (body) => {
      try {
        const task = parseTask(queue, body);
        accepted += 1;
        expect(isPartOf(task, JSON.parse(body.toString('utf8')))).toBe(true);
      } catch (error) {
        if (!(error instanceof InvalidTask)) throw error;
      }
    });
    // Both outcomes have to occur for this to mean anything.
    expect(accepted).toBeGreaterThan(100);
  },
);
