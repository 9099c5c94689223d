import {judgeRunnerVersions} from '../../../shared/diagnosis/doctor/runner-version';
import type {VersionInUse} from '../../../shared/model/facts';

const NOW = Date.UTC(2026, 10, 1);
const DAY = 86_400_000;

function inUse(version: string, endsAt: number | null): VersionInUse {
  return {
    version,
    runners: 2,
    seenAt: NOW,
    askedAt: NOW,
    toldAt: null,
    registrationEndsAt: endsAt,
    runtimeEndsAt: endsAt === null ? null : endsAt + DAY,
  };
}

it.each([
  ['no runner', [], 'ok', 'no runner was seen'],
  ['no end', [inUse('2.338.0', null)], 'ok', 'in use: 2.338.0'],
  ['an end in eleven days', [inUse('2.337.0', NOW + 11 * DAY)], 'ok', 'in use: 2.337.0'],
  [
    'an end in ten days',
    [inUse('2.338.0', null), inUse('2.337.0', NOW + 10 * DAY)],
    'warning',
    '2.337.0 of the runner from 2026-11-11 on',
  ],
  [
    'an end that has come',
    [inUse('2.337.0', NOW + DAY), inUse('2.336.0', NOW)],
    'error',
    '2.336.0 of the runner since 2026-11-01',
  ],
])('with %s the finding is %s', (_case, versions, status, because) => {
  const found = judgeRunnerVersions({latest: '2.338.0', inUse: versions as VersionInUse[]}, NOW);
  expect(found).toMatchObject({status, because: expect.stringContaining(because as string)});
  if (status !== 'ok') expect(found.do).toContain('Install 2.338.0');
});
