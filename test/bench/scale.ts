import {SECONDARY_LIMIT} from '../emulators/github/rate-limits';
import {DEPLOYED_RATES} from '../emulators/tasks/deployed-rates';
import {perMinute} from './burst';
import {ORGANIZATIONS, spread} from './organizations';
import {type Deployed, type Provisioned, provisionUnderLimit} from './rate-limited-world';
import type {Bench, Row} from './result';

const MINUTE = 60_000;
const POINTS_OF_A_REGISTRATION = 5;
const MOST_OF_A_SCOPE = 300;
const QUEUES = 4;

/** What GitHub's limit leaves for registrations beside the other calls, a minute. */
export function leftBeside({otherPoints}: Pick<Provisioned, 'otherPoints'>): number {
  return (SECONDARY_LIMIT - otherPoints) / POINTS_OF_A_REGISTRATION;
}

/** Runners a minute on the virtual clock, as more Apps and more queues share the load. */
export const scale: Bench = async (progress) => {
  const run = (name: string, jobs: number, withinMs: number, deployed: Deployed): Promise<Provisioned> => {
    progress(`scale: ${name}`);
    return provisionUnderLimit(DEPLOYED_RATES.provision, {jobs, withinMs, durationMs: 2 * MINUTE}, deployed);
  };
  const two = ['acme/app', 'acme/web'];
  const many = ORGANIZATIONS.map((owner) => `${owner}/app`);
  const steady = await run('a steady flow beside the sweep', 1_800, 10 * MINUTE, {isSwept: true});
  const one = await run('one App', 1_000, 5_000, {repositories: two});
  const both = await run('two Apps', 2_000, 5_000, {repositories: two, apps: 2});
  const oneScope = await run('two Apps, one repository', 2_400, 5_000, {apps: 2});
  const queue = await run('one queue, eight organizations', 1_000, 5_000, {repositories: many});
  const queues = await run('four queues, eight organizations', 4_000, 5_000, {repositories: many, queues: QUEUES});
  const all = {steady, one, both, oneScope, queue, queues};
  const refusals = Object.values(all).reduce((sum, each) => sum + each.refusals, 0);
  return {
    bench: 'scale',
    rows: [
      row('steady flow beside the sweep', steady, leftBeside(steady), 0.95),
      row('two Apps, two repositories', both, perMinute(one.createdAtMs), 1.9),
      row('two Apps, one repository', oneScope, MOST_OF_A_SCOPE, 0.9),
      row('four queues, eight organizations', queues, perMinute(queue.createdAtMs), 3.8),
      {measure: 'refusals in all of these', value: refusals, unit: 'refusals', target: {atMost: 0}},
    ],
    notes: [
      `steady flow: 180 jobs a minute for ten minutes; the sweep and deregistrations took ${Math.round(steady.otherPoints)} of the ${SECONDARY_LIMIT} points a minute; baseline: what is left, ${POINTS_OF_A_REGISTRATION} points each`,
      'two Apps: baseline: one App, the same burst; in one repository: the 1,500 registrations in five minutes that GitHub takes',
      `four queues: baseline: one queue, the same burst; ${spread(QUEUES)
        .map((owners, index) => `provision-${index + 1}: ${owners.join(' and ')}`)
        .join('; ')}`,
    ],
  };
};

function row(measure: string, {createdAtMs}: Provisioned, baseline: number, atLeast: number): Row {
  const value = perMinute(createdAtMs);
  return {measure, value, unit: 'a minute', baseline, ratio: value / baseline, target: {atLeast}};
}
