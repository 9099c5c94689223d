import {placementFields} from '../../shared/model/placement';
import {
  addToRows,
  addToTotals,
  dayOf,
  IDLE,
  lastDays,
  MAX_WORKFLOWS,
  OTHER,
  UNKNOWN,
  type UsageRow,
  type Use,
  usageId,
  useOf,
} from '../../shared/model/usage';
import {aJob, aRunner} from '../builders/lifecycle';

const MINUTE = 60_000;
const MIDNIGHT = Date.parse('2026-11-02T00:00:00Z');

const use: Use = {
  day: '2026-11-01',
  pool: 'arm',
  repository: 'acme/app',
  workflow: 'CI',
  machineType: 'e2-standard-4',
  spot: false,
  jobs: 1,
  machines: 1,
  ms: MINUTE,
};

/** Its machine was created ten minutes before midnight, and ended a minute after it. */
const ended = aRunner(aJob(), {
  state: 'gone',
  runs: '1001-1',
  repository: 'acme/app',
  workflow: 'CI',
  ...placementFields({place: 'us-central1-a', machineType: 'e2-standard-4', spot: true}),
  machineCreatedAt: MIDNIGHT - 10 * MINUTE,
  machineEndedAt: MIDNIGHT + MINUTE,
});

test('days are those of UTC, today the last one', () => {
  expect([dayOf(MIDNIGHT - 1), dayOf(MIDNIGHT)]).toEqual(['2026-11-01', '2026-11-02']);
  expect(lastDays(3, MIDNIGHT)).toEqual(['2026-10-31', '2026-11-01', '2026-11-02']);
});

describe('an ended runner', () => {
  test('counts in the day in which its machine ended, for the job that it ran', () => {
    const spot = {...use, day: '2026-11-02', spot: true, ms: 11 * MINUTE};
    expect(useOf(ended)).toEqual(spot);
  });

  test.each([
    ['that ran no job is idle', {runs: null}, {jobs: 0, machines: 1, repository: IDLE, workflow: IDLE}],
    ['whose workflow has no name', {workflow: null}, {repository: 'acme/app', workflow: UNKNOWN}],
    ['whose clocks disagree counts no time', {machineEndedAt: MIDNIGHT - 11 * MINUTE}, {jobs: 1, ms: 0}],
    ['whose machine type is that of its template', {billedType: 'n2d-standard-8'}, {machineType: 'n2d-standard-8'}],
    ['whose machine type is not known', placementFields(null), {machineType: null, spot: false}],
  ])('%s', (_, changed, expected) => {
    expect(useOf({...ended, ...changed})).toMatchObject(expected);
  });

  test.each(['machineCreatedAt', 'machineEndedAt'] as const)('without %s counts nothing', (field) => {
    expect(useOf({...ended, [field]: null})).toBeUndefined();
  });
});

describe('rows', () => {
  test('of the same workflow and machine type are summed up, others are not', () => {
    const more = [
      use,
      use,
      {...use, spot: true},
      {...use, machineType: 'e2-standard-8'},
      {...use, workflow: 'Nightly'},
    ];
    expect(more.reduce(addToRows, [] as UsageRow[]).map(({workflow, jobs, ms}) => [workflow, jobs, ms])).toEqual([
      ['CI', 2, 2 * MINUTE],
      ['CI', 1, MINUTE],
      ['CI', 1, MINUTE],
      ['Nightly', 1, MINUTE],
    ]);
  });

  test('of a day as a whole name no workflow', () => {
    const totals = [use, {...use, workflow: 'Nightly'}].reduce(addToTotals, [] as UsageRow[]);
    expect(totals).toMatchObject([{pool: 'arm', workflow: null, jobs: 2, machines: 2, ms: 2 * MINUTE}]);
    // Their time is not to be taken for that of jobs.
    expect(addToTotals(totals, {...use, repository: IDLE, workflow: IDLE, jobs: 0})).toHaveLength(2);
  });

  test(`beyond ${MAX_WORKFLOWS} workflows are together, and a known workflow keeps its own`, () => {
    const named = Array.from({length: MAX_WORKFLOWS + 2}, (_, n) => ({...use, workflow: `w${n}`}));
    const rows = [...named, {...use, workflow: 'w0'}].reduce(addToRows, [] as UsageRow[]);
    expect(rows).toHaveLength(MAX_WORKFLOWS + 1);
    expect(rows[0]).toMatchObject({workflow: 'w0', jobs: 2});
    expect(rows.at(-1)).toMatchObject({workflow: OTHER, jobs: 2, ms: 2 * MINUTE});
  });
});

test('a document is that of a pool, a repository without case, and a day', () => {
  const id = usageId(use);
  expect(id).toMatch(/^2026-11-01\.[0-9a-f]{20}$/);
  expect(usageId({...use, repository: 'Acme/APP'})).toBe(id);
  const others = [{day: '2026-11-02'}, {pool: 'spot'}, {repository: 'acme/web'}].map((one) =>
    usageId({...use, ...one}),
  );
  expect(new Set([id, ...others]).size).toBe(4);
});
