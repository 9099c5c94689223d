import {type CallsPerJob, ephemeralJobs, persistentJobs} from '../builders/calls-per-job';
import {PRICES} from './prices';
import type {Bench, Row} from './result';

const JOBS = 20;
const EVENTS_PER_JOB = 3;

/** GitHub, Compute Engine, Cloud Tasks and Firestore for one job, in the simulated system, and what they cost. */
export const calls: Bench = async (progress) => {
  progress(`calls: ${JOBS} ephemeral jobs`);
  const ephemeral = await ephemeralJobs(JOBS);
  progress(`calls: ${JOBS} jobs on a persistent VM`);
  const persistent = await persistentJobs(JOBS);
  return {
    bench: 'calls per job',
    rows: [...rowsOf('ephemeral', ephemeral, true), ...rowsOf('persistent', persistent, false)],
    notes: [
      `the last ephemeral job wrote: ${ephemeral.written.join(', ')}`,
      `installation tokens, one an hour, are not counted: ${ephemeral.tokens} and ${persistent.tokens} in all`,
      `what a process of provision is told of the runner application, and keeps for ten minutes, is not counted: ${ephemeral.factReads} and ${persistent.factReads} reads in all`,
      'cost: Firestore, Cloud Tasks and requests to functions at list prices (test/bench/prices.ts), without free tiers, CPU time and VMs',
    ],
  };
};

function rowsOf(kind: string, {perJob}: CallsPerJob, hasTargets: boolean): Row[] {
  const row = (measure: string, value: number, unit: string, atMost?: number): Row => ({
    measure: `${kind}: ${measure}`,
    value,
    unit,
    ...(hasTargets && atMost !== undefined ? {target: {atMost}} : {}),
  });
  const cost =
    perJob.reads * PRICES.firestoreRead +
    perJob.writes * PRICES.firestoreWrite +
    perJob.tasks * 2 * PRICES.taskOperation +
    (EVENTS_PER_JOB + perJob.tasks) * PRICES.functionRequest;
  return [
    row('GitHub', perJob.github, 'calls', 1.05),
    row('Compute Engine', perJob.compute, 'calls'),
    row('Cloud Tasks', perJob.tasks, 'tasks'),
    row('Firestore reads', perJob.reads, 'documents', 12),
    row('Firestore writes', perJob.writes, 'documents', 10),
    row('cost of 1,000 jobs', cost * 1000, 'USD'),
  ];
}
