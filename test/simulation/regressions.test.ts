import {REGRESSIONS} from './regressions';
import {reportOf} from './report';
import {simulate} from './simulate';

test.each(Object.entries(REGRESSIONS))('%s', async (_, scenario) => {
  const outcome = await simulate(scenario, {isTraced: true});
  if (outcome.violations.length > 0) throw new Error(reportOf(scenario, outcome));
  const held = scenario.jobs.filter(({heldBesideMs}) => heldBesideMs !== undefined);
  const jobs = scenario.jobs.reduce((sum, {matrix}) => sum + matrix, held.length);
  expect(outcome).toMatchObject({violations: [], isLivenessChecked: true, jobs});
});
