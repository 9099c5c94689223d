import type {ComputeFailureClass} from '../../../shared/compute/failure';
import {buildLadder, type FailedRung, nextRung, rungKey} from '../../../shared/lifecycle/ladder';
import type {Rung} from '../../../shared/providers/provider';

const nothingFull = () => false;

function failed(rung: Rung | undefined, failureClass: ComputeFailureClass, rungOnly = false): FailedRung {
  if (!rung) throw new RangeError('no such rung');
  return {rung, failureClass, rungOnly};
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
  const ladder = buildLadder({zones: ['a', 'b'], spot: 'prefer'});
  const [spotA, spotB, standardA, standardB] = ladder;

  test('is the first one at the start', () => {
    expect(nextRung(ladder, [], nothingFull)).toEqual({kind: 'try', rung: spotA});
  });

  test.each([
    ['zone_full', false],
    ['invalid', true],
  ] as const)('after %s (of this rung only: %s) is the one after it', (failureClass, rungOnly) => {
    expect(nextRung(ladder, [failed(spotA, failureClass, rungOnly)], nothingFull)).toEqual({kind: 'try', rung: spotB});
  });

  test('passes over what was full a short while ago', () => {
    const isFull = (rung: Rung) => rung === spotB;
    expect(nextRung(ladder, [failed(spotA, 'zone_full')], isFull)).toEqual({kind: 'try', rung: standardA});
  });

  test('is never one that was tried: a full ladder is climbed once', () => {
    const tried: FailedRung[] = [];
    for (
      let step = nextRung(ladder, tried, nothingFull);
      step.kind === 'try';
      step = nextRung(ladder, tried, nothingFull)
    ) {
      tried.push(failed(step.rung, 'zone_full'));
    }
    expect(tried.map(({rung}) => rung)).toEqual(ladder);
    expect(nextRung(ladder, tried, nothingFull)).toEqual({kind: 'exhausted', invalid: false});
  });

  test('after a quota of a spot rung is a standard one, and never spot again', () => {
    const quota = failed(spotA, 'quota');
    expect(nextRung(ladder, [quota], nothingFull)).toEqual({kind: 'try', rung: standardA});
    expect(nextRung(ladder, [quota, failed(standardA, 'zone_full')], nothingFull)).toEqual({
      kind: 'try',
      rung: standardB,
    });
  });

  test.each([
    ['a quota of a standard rung', [failed(standardA, 'quota')], 'quota'],
    ['a quota after the standard attempt', [failed(spotA, 'quota'), failed(standardA, 'quota')], 'quota'],
    ['a denial', [failed(spotA, 'denied')], 'denied'],
    ['a rate limit', [failed(spotA, 'rate')], 'rate'],
    ['an invalid request', [failed(spotA, 'invalid')], 'invalid'],
    ['an uncertain end', [failed(spotA, 'uncertain')], 'uncertain'],
    ['a name in use', [failed(spotA, 'conflict')], 'conflict'],
  ] as const)('is none after %s', (_, tried, because) => {
    expect(nextRung(ladder, tried, nothingFull)).toEqual({kind: 'stop', because});
  });

  test('is none after a quota where only spot is wanted', () => {
    const spotOnly = buildLadder({zones: ['a', 'b'], spot: 'only'});
    expect(nextRung(spotOnly, [failed(spotOnly[0], 'quota')], nothingFull)).toEqual({kind: 'stop', because: 'quota'});
  });

  test('tells a ladder of which no rung can be had at all from one without capacity', () => {
    const invalid = ladder.map((rung) => failed(rung, 'invalid', true));
    expect(nextRung(ladder, invalid, nothingFull)).toEqual({kind: 'exhausted', invalid: true});
    const [first, ...rest] = invalid;
    const mixed = [failed(first?.rung, 'zone_full'), ...rest];
    expect(nextRung(ladder, mixed, nothingFull)).toEqual({kind: 'exhausted', invalid: false});
    expect(nextRung(ladder, [], () => true)).toEqual({kind: 'exhausted', invalid: false});
  });
});
