import type {Discovery} from '../../shared/github/github';
import type {RunnerScope} from '../../shared/model/scope';
import {Restraint} from '../../shared/sweep/restraint';

const NOW = 1_000_000_000;
const scope = (owner: string): RunnerScope => ({kind: 'repository', owner, repo: 'app'});
const runners = (owner: string, count: number, withinMs: number) =>
  Array.from({length: count}, (_, index) => ({scope: scope(owner), createdAt: NOW - (index * withinMs) / count}));

/** Calls that a sweep may make. */
function allowed(found: ReturnType<typeof runners>, {apps = 1, intervalSeconds = 60} = {}): number {
  const restraint = new Restraint();
  restraint.limit(found, {now: NOW, apps, intervalSeconds});
  let calls = 0;
  for (; restraint.allowsCall(); calls++) restraint.spend(1);
  return calls;
}

test.each<[string, number, number]>([
  ['no registrations leave nearly all of the limit', allowed([]), 885],
  ['171 registrations in a minute leave 20 calls', allowed(runners('acme', 171, 60_000)), 20],
  ['a burst that has just begun counts at its pace', allowed(runners('acme', 30, 10_000)), 265],
  [
    'the busiest owner counts, not their sum',
    allowed([...runners('acme', 80, 60_000), ...runners('globex', 90, 60_000)]),
    405,
  ],
  ['two Apps share the registrations', allowed(runners('acme', 171, 60_000), {apps: 2}), 445],
  ['several sweeps a minute share what is left', allowed(runners('acme', 171, 60_000), {intervalSeconds: 20}), 6],
  ['a sweep looks at something however many there are', allowed(runners('acme', 500, 60_000)), 20],
])('%s', (_, found, expected) => {
  expect(found).toBe(expected);
});

test('each page of a list counts as a call, and what asks for no installation counts as none', async () => {
  const items = (count: number) => Array.from({length: count}, () => ({}));
  const restraint = new Restraint();
  const spent: number[] = [];
  restraint.spend = (calls) => void spent.push(calls);
  const port = restraint.counted({
    listRunners: async () => items(250),
    openRuns: async () => ({items: items(10), failure: undefined}),
    job: async () => undefined,
    deliveries: async () => ({deliveries: items(100), next: null, unreadable: 0}),
    remainingQuota: () => 0.5,
  } as unknown as Discovery);
  const repository = {fullName: 'acme/app', installationId: 1, isPublic: false, pushedAt: null};
  await port.listRunners(scope('acme'), 1);
  await port.openRuns(repository, 0);
  await port.job(repository, 7);
  await port.deliveries({kind: 'app'}, {cursor: null, failuresOnly: false});
  expect(port.remainingQuota()).toBe(0.5);
  expect(spent).toEqual([1, 2, 5, 0, 1, 0]);
});
