import {endMachine} from '../../shared/model/machine-end';
import {aJob, aRunner, NOW} from '../builders/lifecycle';

const CREATED = NOW - 600_000;
const DRAINED = NOW - 60_000;
const ASKED = NOW - 1_000;

const accepted = {result: 'accepted', at: ASKED} as const;
const absent = {result: 'absent', at: ASKED} as const;
const seen = {...absent, seenUntil: NOW - 90_000};
const booted = aRunner(aJob(), {
  state: 'booting',
  stateAt: DRAINED,
  machineCreatedAt: CREATED,
  machineAccepted: true,
});

test.each([
  ['when its deletion is accepted', booted, accepted, ASKED],
  ['when it is found to be absent, unless its runner drains', booted, absent, ASKED],
  ['when its runner began to drain, if it is absent then', {...booted, state: 'draining'}, absent, DRAINED],
  ['when it was seen last, if it is absent then', booted, seen, NOW - 90_000],
  ['when it was seen last, though its runner drained before', {...booted, state: 'draining'}, seen, NOW - 90_000],
  [
    'when it was created, if it was missing in lists from then on',
    booted,
    {...absent, seenUntil: CREATED - 1},
    CREATED,
  ],
  [
    'when its deletion is accepted, though its insert never was answered',
    {...booted, machineAccepted: false},
    accepted,
    ASKED,
  ],
  ['when it is absent and its runner ran a job', {...booted, machineAccepted: false, runs: '1001-1'}, absent, ASKED],
  [
    'never, if it is absent and its insert was not accepted',
    {...booted, state: 'draining', machineAccepted: false},
    absent,
    undefined,
  ],
  ['never, if no insert was tried', {...booted, machineCreatedAt: null}, accepted, undefined],
  ['never, if nobody deleted it', booted, undefined, undefined],
  ['never, if it is absent and its runner is over', {...booted, state: 'gone'}, absent, undefined],
  ['once', {...booted, machineEndedAt: NOW - 5}, accepted, NOW - 5],
] as const)('a machine ends %s', (_, runner, removal, expected) => {
  expect(endMachine(runner, removal, NOW).machineEndedAt).toBe(expected);
});

test('a machine that ends after its runner moves the record behind those that are counted', () => {
  expect(endMachine({...booted, state: 'failed'}, accepted, NOW).stateAt).toBe(NOW);
  expect(endMachine(booted, accepted, NOW).stateAt).toBe(DRAINED);
});
