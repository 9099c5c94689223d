import {type Placement, placementKey} from '../../shared/model/placement';
import {
  type FailedPlacement,
  type FailureClass,
  listPlacements,
  nextPlacement,
} from '../../shared/providers/placements';

const nothingKnown = () => undefined;

function failed(placement: Placement | undefined, failureClass: FailureClass): FailedPlacement {
  if (!placement) throw new RangeError('no such placement');
  return {placement, failureClass};
}

describe('the placements', () => {
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
    const placements = listPlacements({places: ['a', 'b'], machineTypes: ['n2', 't2a'], spot});
    expect(placements.map(placementKey)).toEqual(expected);
  });

  test('without machine types use that of the template', () => {
    expect(listPlacements({places: ['a'], spot: 'never'})).toEqual([{place: 'a', spot: false}]);
    expect(listPlacements({places: ['a'], machineTypes: [], spot: 'never'})).toEqual([{place: 'a', spot: false}]);
  });
});

describe('the next placement', () => {
  const placements = listPlacements({places: ['us-central1-a', 'us-central1-b'], spot: 'prefer'});
  const [spotA, spotB, standardA, standardB] = placements;

  test('is the first one before any try', () => {
    expect(nextPlacement(placements, [], nothingKnown)).toEqual({kind: 'try', placement: spotA});
  });

  test.each(['zone_full', 'invalid'] as const)('after %s is the following one', (failureClass) => {
    expect(nextPlacement(placements, [failed(spotA, failureClass)], nothingKnown)).toEqual({
      kind: 'try',
      placement: spotB,
    });
  });

  test.each(['full', 'invalid'] as const)('skips a placement that was %s recently', (what) => {
    const known = (placement: Placement) => (placement === spotB ? what : undefined);
    expect(nextPlacement(placements, [failed(spotA, 'zone_full')], known)).toEqual({kind: 'try', placement: standardA});
  });

  test('is never a tried one: each placement is tried once', () => {
    const tried: FailedPlacement[] = [];
    for (
      let step = nextPlacement(placements, tried, nothingKnown);
      step.kind === 'try';
      step = nextPlacement(placements, tried, nothingKnown)
    ) {
      tried.push(failed(step.placement, 'zone_full'));
    }
    expect(tried.map(({placement}) => placement)).toEqual(placements);
    expect(nextPlacement(placements, tried, nothingKnown)).toEqual({kind: 'exhausted', because: 'no_capacity'});
  });

  test('after a quota of a spot placement is a standard placement, never spot', () => {
    const quota = failed(spotA, 'quota');
    expect(nextPlacement(placements, [quota], nothingKnown)).toEqual({kind: 'try', placement: standardA});
    expect(nextPlacement(placements, [quota, failed(standardA, 'zone_full')], nothingKnown)).toEqual({
      kind: 'try',
      placement: standardB,
    });
  });

  test('after a quota is a placement in another region', () => {
    const regions = listPlacements({places: ['us-central1-a', 'us-central1-b', 'europe-west1-b'], spot: 'never'});
    const [a, , europe] = regions;
    expect(nextPlacement(regions, [failed(a, 'quota')], nothingKnown)).toEqual({kind: 'try', placement: europe});
  });

  test.each([
    ['a denial', [failed(spotA, 'denied')], 'denied'],
    ['a denial after a full zone', [failed(spotA, 'zone_full'), failed(spotB, 'denied')], 'denied'],
    ['a rate limit', [failed(spotA, 'rate')], 'rate'],
    ['an uncertain outcome', [failed(spotA, 'uncertain')], 'uncertain'],
    ['a name in use', [failed(spotA, 'conflict')], 'conflict'],
  ] as const)('is none after %s', (_, tried, because) => {
    expect(nextPlacement(placements, tried, nothingKnown)).toEqual({kind: 'stop', because});
  });
});

describe('the end of the placements', () => {
  const placements = listPlacements({places: ['us-central1-a', 'us-central1-b'], spot: 'prefer'});
  const ended = (...classes: FailureClass[]) => classes.map((one, index) => failed(placements[index], one));
  const [, , standardA] = placements;

  test.each([
    ['refused', 'every placement is refused', ended('invalid', 'invalid', 'invalid', 'invalid')],
    ['no_capacity', 'the first was full', ended('zone_full', 'invalid', 'invalid', 'invalid')],
    ['no_capacity', 'the last was full', ended('invalid', 'invalid', 'invalid', 'zone_full')],
    ['no_capacity', 'all were full', ended('zone_full', 'zone_full', 'zone_full', 'zone_full')],
    ['quota', 'a standard placement exceeded a quota', [failed(standardA, 'quota')]],
    ['quota', 'both models exceeded one', [...ended('quota'), failed(standardA, 'quota')]],
    ['quota', 'a quota refused the valid placements', ended('invalid', 'invalid', 'quota')],
    [
      'quota',
      'the rest is refused',
      [...ended('quota'), failed(standardA, 'invalid'), failed(placements[3], 'invalid')],
    ],
    [
      'no_capacity',
      'standard was full after a spot quota',
      [...ended('quota'), failed(standardA, 'zone_full'), failed(placements[3], 'invalid')],
    ],
  ] as const)('is %s where %s', (because, _, tried) => {
    expect(nextPlacement(placements, tried, nothingKnown)).toEqual({kind: 'exhausted', because});
  });

  test('is a quota if only spot is allowed and exceeded one', () => {
    const spotOnly = listPlacements({places: ['us-central1-a', 'us-central1-b'], spot: 'only'});
    const step = nextPlacement(spotOnly, [failed(spotOnly[0], 'quota')], nothingKnown);
    expect(step).toEqual({kind: 'exhausted', because: 'quota'});
  });

  test('considers recent failures', () => {
    expect(nextPlacement(placements, [], () => 'full')).toEqual({kind: 'exhausted', because: 'no_capacity'});
    expect(nextPlacement(placements, [], () => 'invalid')).toEqual({kind: 'exhausted', because: 'refused'});
    const known = (placement: Placement) => (placement === placements[0] ? 'full' : 'invalid');
    expect(nextPlacement(placements, ended('zone_full'), known)).toEqual({kind: 'exhausted', because: 'no_capacity'});
    const refusedBefore = (placement: Placement) => (placement === placements[0] ? undefined : 'invalid');
    expect(nextPlacement(placements, ended('invalid'), refusedBefore)).toEqual({kind: 'exhausted', because: 'refused'});
  });
});
