import type {RunnerDocument} from '../../../shared/model/runner';
import {aJob, aRunner} from '../../builders/lifecycle';
import {LATER, machine, scopes, twice, words} from '../../builders/sweep';

const job = aJob({demand: 'covered', runner: 'slipway-arm-1001-1', creations: 1});
/** At another provider than Compute Engine. */
const there = {provider: 'memory', placement: {place: 'deck', spot: false}, zone: 'deck'} as const;
const runner: RunnerDocument = {...aRunner(job, {githubId: 100}), ...there};
const busy: RunnerDocument = {...runner, state: 'busy', runs: '1001-1', covers: null, stateAt: LATER - 60_000};
const over: RunnerDocument = {...runner, state: 'gone', covers: null};

const CASES = [
  ['its own provider', [{provider: 'memory'}], []],
  ['its own place', [{provider: 'memory', place: 'deck'}], []],
  ['another place of its provider', [{provider: 'memory', place: 'hold'}], ['acted']],
  ['another provider', [{provider: 'gce'}], ['acted']],
  ['its own place and another provider', [{provider: 'gce'}, {provider: 'memory', place: 'deck'}], []],
] as const;

describe.each(CASES)('while the list of %s is not complete', (_, unlisted, expected) => {
  test(`a runner whose machine is not listed is ${expected.length > 0 ? '' : 'not '}ended`, () => {
    const ended = words(twice({runners: [busy], unlisted}));
    expect(ended).toEqual(expected.map(() => 'end_runner vanished_vm'));
  });

  test(`a registration without a machine is ${expected.length > 0 ? '' : 'not '}removed`, () => {
    const former = new Map([[over.name, over]]);
    const removed = words(twice({former, scopes: scopes({}), unlisted}));
    expect(removed).toEqual(expected.map(() => 'deregister ghost'));
  });
});

test('a machine that was listed is deleted at the provider that lists it, whatever other lists lack', () => {
  const former = new Map([[over.name, over]]);
  const machines = [machine(over, {provider: 'memory', place: 'deck'})];
  const [action] = twice({machines, former, unlisted: [{provider: 'gce'}]});
  expect(action).toMatchObject({kind: 'delete_vm', name: over.name, provider: 'memory', zone: 'deck'});
});

test('a record of a version that named no provider is one of Compute Engine', () => {
  const {provider: _, ...before} = busy;
  expect(twice({runners: [before], unlisted: [{provider: 'gce'}]})).toEqual([]);
  expect(words(twice({runners: [before], unlisted: [{provider: 'memory'}]}))).toEqual(['end_runner vanished_vm']);
});
