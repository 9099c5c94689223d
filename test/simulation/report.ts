import type {Fault, JobPlan, Scenario} from './scenario';
import type {Outcome} from './simulate';

/** What went wrong in a scenario, from the reason to the trace, for the person who has to find out why. */
export function reportOf(scenario: Scenario, {violations, trace}: Outcome): string {
  return [
    'broken:',
    ...violations.map(({rule, detail, atMs}) => `  ${rule} at ${(atMs / 1000).toFixed(1)} s: ${detail}`),
    `setting: ${JSON.stringify(scenario.setting)}`,
    `jobs (${scenario.jobs.length}):`,
    ...scenario.jobs.map((job) => `  ${describeJob(job)}`),
    `faults (${scenario.faults.length}):`,
    ...scenario.faults.map((fault) => `  ${describeFault(fault)}`),
    'trace:',
    ...trace.map((line) => line.slice(0, 240)),
    `as a test, for regressions.ts: ${JSON.stringify(scenario)}`,
    '',
  ].join('\n');
}

function describeJob({atMs, repository, kind, durationMs, ...more}: JobPlan): string {
  return `at ${(atMs / 1000).toFixed(1)} s, ${kind} in ${repository}, runs ${(durationMs / 1000).toFixed(0)} s ${JSON.stringify(more)}`;
}

function describeFault({on, ...more}: Fault): string {
  return `${on} ${JSON.stringify(more)}`;
}
