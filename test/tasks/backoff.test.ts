import {backoffMs, TASK_BACKOFF} from '../../shared/model/backoff';
import {DEFAULT_QUEUE_LIMITS} from '../../shared/tasks/local/limits';
import {terraformFile} from '../builders/terraform-files';

const waits = (limits: Partial<typeof DEFAULT_QUEUE_LIMITS>, retries: number) =>
  Array.from({length: retries}, (_, index) => backoffMs({...DEFAULT_QUEUE_LIMITS, ...limits}, index + 1) / 1000);

test.each([
  [
    "doubles, then grows evenly, then stays, as in Google's example",
    {maxDoublings: 3},
    [10, 20, 40, 80, 160, 240, 300, 300],
  ],
  ['grows evenly from the start without doublings', {maxDoublings: 0}, [10, 20, 30, 40]],
  ['doubles up to the limit with many doublings', {maxDoublings: 16}, [10, 20, 40, 80, 160, 300, 300]],
  ['stays when both limits are the same', {minBackoffMs: 7_000, maxBackoffMs: 7_000}, [7, 7, 7]],
])('the wait between attempts %s', (_, limits, expected) => {
  expect(waits(limits, expected.length)).toEqual(expected);
});

test('the wait after a very high number of attempts is still the limit', () => {
  expect(backoffMs(DEFAULT_QUEUE_LIMITS, 100_000)).toBe(300_000);
});

test('what is told of the next try is what Terraform has the queues do', () => {
  const said = (name: string) => Number(new RegExp(`${name} += "?([0-9]+)`).exec(terraformFile('queues.tf'))?.[1]);
  expect(TASK_BACKOFF).toEqual({
    minBackoffMs: said('min_backoff') * 1000,
    maxBackoffMs: said('max_backoff') * 1000,
    maxDoublings: said('max_doublings'),
  });
});
