import {drawScenario} from './draw-scenario';
import {jobsOnStandby} from './regressions/standby';
import {reportOf} from './report';
import type {Scenario} from './scenario';
import {simulate} from './simulate';
import type {StandbySetting} from './standby-setting';

/** The world of a seed with standby machines of this kind. */
function withStandby(seed: number, standby: StandbySetting): Scenario {
  const scenario = drawScenario(seed, {days: 0.1});
  const {placements: _, ...setting} = scenario.setting;
  return {...scenario, setting: {...setting, standby}};
}

const isStandby = (runner: string) => /-s[a-z0-9]{10}-1$/.test(runner);

test.each([
  ['stopped', 1001],
  ['stopped', 1006],
  ['suspended', 1001],
  ['suspended', 1006],
] as const)(
  'in worlds with %s standby machines every promise holds, and jobs run on such machines: five seeds from %i',
  async (hold, first) => {
    let onStandby = 0;
    for (let seed = first; seed < first + 5; seed++) {
      const scenario = withStandby(seed, {hold, count: 1 + (seed % 3)});
      const outcome = await simulate(scenario);
      onStandby += [...outcome.ranOn.values()].filter(isStandby).length;
      if (outcome.violations.length === 0) continue;
      throw new Error(`seed ${seed} failed.\n${reportOf(scenario, await simulate(scenario, {isTraced: true}))}`);
    }
    expect(onStandby).toBeGreaterThan(1);
  },
  120_000,
);

test.each(['stopped', 'suspended'] as const)('a job that comes to a ready %s machine runs on it', async (hold) => {
  const {ranOn, violations} = await simulate(jobsOnStandby({hold, count: 1}, 1));
  expect({violations, ranOn: [...ranOn.values()]}).toEqual({
    violations: [],
    ranOn: [expect.stringMatching(/^slipway-arm-s[a-z0-9]{10}-1$/)],
  });
});

test.each([
  ['stopped', 'setMetadata', 1],
  ['stopped', 'powerInstance', 1],
  // The first call suspends it.
  ['suspended', 'powerInstance', 2],
] as const)('a job runs on a %s machine although a rate limit refuses %s', async (hold, method, nth) => {
  const limited = {on: 'call', port: 'compute', method, nth, effect: 'rate_limit'} as const;
  const {ranOn, violations} = await simulate(jobsOnStandby({hold, count: 1}, 1, [limited]));
  expect({violations, standby: [...ranOn.values()].filter(isStandby).length}).toEqual({violations: [], standby: 1});
});

test('more jobs than there are standby machines run on others, at once', async () => {
  const {ranOn, violations} = await simulate(jobsOnStandby({hold: 'stopped', count: 2}, 4));
  const runners = [...ranOn.values()];
  expect({violations, standby: runners.filter(isStandby).length, runners: runners.length}).toEqual({
    ...{violations: [], standby: 2, runners: 4},
  });
});
