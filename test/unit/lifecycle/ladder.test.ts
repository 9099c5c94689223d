import type {ComputeFailureClass} from '../../../shared/compute/failure';
import {buildLadder, type FailedRung, nextRung, rungKey} from '../../../shared/lifecycle/ladder';
import type {Rung} from '../../../shared/providers/provider';

const nothingKnown = () => undefined;

function failed(rung: Rung | undefined, failureClass: ComputeFailureClass): FailedRung {
  if (!rung) throw new RangeError('no such rung');
  return {rung, failureClass};
}

describe('the rungs', () => {
  test.each([
    ['never', ['a|n2|standard', 'b|n2|standard', 'a|t2a|standard', 'b|t2a|standard']],
    ['only', ['a|n2|spot', 'b|n2|spot', 'a|t2a|spot', 'b|t2a|spot']],
    [
      'prefer',
      [
        'a|n2|spot',
        'b|n2|spot',
        'a|t2a|spot',
        'b|t2a|spot',
        'a|n2|standard',
        'b|n2|standard',
        'a|t2a|standard',
        'b|t2a|standard',
      ],
    ],
  ] as const)('with spot %s go zone by zone, then machine type, then standard after spot', (spot, expected) => {
    const ladder = buildLadder({zones: ['a', 'b'], machineTypes: ['n2', 't2a'], spot});
    expect(ladder.map(rungKey)).toEqual(expected);
  });

  test('without machine types leave the template its own', () => {
    expect(buildLadder({zones: ['a'], spot: 'never'})).toEqual([{zone: 'a', spot: false}]);
    expect(buildLadder({zones: ['a'], machineTypes: [], spot: 'never'})).toEqual([{zone: 'a', spot: false}]);
  });
});

describe('the next rung', () => {
  const ladder = buildLadder({zones: ['us-central1-a', 'us-central1-b'], spot: 'prefer'});
  const [spotA, spotB, standardA, standardB] = ladder;

  test('is the first one at the start', () => {
    expect(nextRung(ladder, [], nothingKnown)).toEqual({kind: 'try', rung: spotA});
  });

  test.each(['zone_full', 'invalid'] as const)('after %s is the one after it', (failureClass) => {
    expect(nextRung(ladder, [failed(spotA, failureClass)], nothingKnown)).toEqual({kind: 'try', rung: spotB});
  });

  test.each(['full', 'invalid'] as const)('passes over what was %s a short while ago', (what) => {
    const known = (rung: Rung) => (rung === spotB ? what : undefined);
    expect(nextRung(ladder, [failed(spotA, 'zone_full')], known)).toEqual({kind: 'try', rung: standardA});
  });

  test('is never one that was tried: a full ladder is climbed once', () => {
    const tried: FailedRung[] = [];
    for (
      let step = nextRung(ladder, tried, nothingKnown);
      step.kind === 'try';
      step = nextRung(ladder, tried, nothingKnown)
    ) {
      tried.push(failed(step.rung, 'zone_full'));
    }
    expect(tried.map(({rung}) => rung)).toEqual(ladder);
    expect(nextRung(ladder, tried, nothingKnown)).toEqual({kind: 'exhausted', because: 'no_capacity'});
  });

  test('after a quota of a spot rung is a standard one, and never spot again', () => {
    const quota = failed(spotA, 'quota');
    expect(nextRung(ladder, [quota], nothingKnown)).toEqual({kind: 'try', rung: standardA});
    expect(nextRung(ladder, [quota, failed(standardA, 'zone_full')], nothingKnown)).toEqual({
      kind: 'try',
      rung: standardB,
    });
  });

  test('after a quota is one of another region', () => {
    const regions = buildLadder({zones: ['us-central1-a', 'us-central1-b', 'europe-west1-b'], spot: 'never'});
    const [a, , europe] = regions;
    expect(nextRung(regions, [failed(a, 'quota')], nothingKnown)).toEqual({kind: 'try', rung: europe});
  });

  test.each([
    ['a denial', [failed(spotA, 'denied')], 'denied'],
    ['a denial after a full zone', [failed(spotA, 'zone_full'), failed(spotB, 'denied')], 'denied'],
    ['a rate limit', [failed(spotA, 'rate')], 'rate'],
    ['an uncertain end', [failed(spotA, 'uncertain')], 'uncertain'],
    ['a name in use', [failed(spotA, 'conflict')], 'conflict'],
  ] as const)('is none after %s', (_, tried, because) => {
    expect(nextRung(ladder, tried, nothingKnown)).toEqual({kind: 'stop', because});
  });
});

describe('the end of the ladder', () => {
  const ladder = buildLadder({zones: ['us-central1-a', 'us-central1-b'], spot: 'prefer'});
  const ended = (...classes: ComputeFailureClass[]) => classes.map((one, index) => failed(ladder[index], one));
  const [, , standardA] = ladder;

  test.each([
    ['refused', 'every placement is refused', ended('invalid', 'invalid', 'invalid', 'invalid')],
    ['no_capacity', 'the first was full', ended('zone_full', 'invalid', 'invalid', 'invalid')],
    ['no_capacity', 'the last was full', ended('invalid', 'invalid', 'invalid', 'zone_full')],
    ['no_capacity', 'all were full', ended('zone_full', 'zone_full', 'zone_full', 'zone_full')],
    ['quota', 'a standard rung met a quota', [failed(standardA, 'quota')]],
    ['quota', 'both models met one', [...ended('quota'), failed(standardA, 'quota')]],
    ['quota', 'a quota keeps back what is not refused', ended('invalid', 'invalid', 'quota')],
    ['quota', 'the rest is refused', [...ended('quota'), failed(standardA, 'invalid'), failed(ladder[3], 'invalid')]],
    [
      'no_capacity',
      'standard was full after a spot quota',
      [...ended('quota'), failed(standardA, 'zone_full'), failed(ladder[3], 'invalid')],
    ],
  ] as const)('is %s where %s', (because, _, tried) => {
    expect(nextRung(ladder, tried, nothingKnown)).toEqual({kind: 'exhausted', because});
  });

  test('is a quota where only spot is wanted and met one', () => {
    const spotOnly = buildLadder({zones: ['us-central1-a', 'us-central1-b'], spot: 'only'});
    const step = nextRung(spotOnly, [failed(spotOnly[0], 'quota')], nothingKnown);
    expect(step).toEqual({kind: 'exhausted', because: 'quota'});
  });

  test('counts what is known from a short while ago', () => {
    expect(nextRung(ladder, [], () => 'full')).toEqual({kind: 'exhausted', because: 'no_capacity'});
    expect(nextRung(ladder, [], () => 'invalid')).toEqual({kind: 'exhausted', because: 'refused'});
    const known = (rung: Rung) => (rung === ladder[0] ? 'full' : 'invalid');
    expect(nextRung(ladder, ended('zone_full'), known)).toEqual({kind: 'exhausted', because: 'no_capacity'});
    const refusedBefore = (rung: Rung) => (rung === ladder[0] ? undefined : 'invalid');
    expect(nextRung(ladder, ended('invalid'), refusedBefore)).toEqual({kind: 'exhausted', because: 'refused'});
  });
});
