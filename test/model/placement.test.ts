import {type Placement, type PlacementFields, placementFields, placementOf} from '../../shared/model/placement';

const SPOT: Placement = {place: 'us-central1-a', machineType: 'n2-standard-4', spot: true};
const STANDARD: Placement = {place: 'us-central1-b', spot: false};

test.each([[SPOT], [STANDARD], [null]])('%j is read as it was written', (placement) => {
  expect(placementOf(placementFields(placement))).toEqual(placement);
  expect(placementOf(JSON.parse(JSON.stringify(placementFields(placement))) as PlacementFields)).toEqual(placement);
});

test.each<[PlacementFields, Placement | null]>([
  [{zone: 'us-central1-a', machineType: 'n2-standard-4', spot: true}, SPOT],
  [{zone: 'us-central1-b', machineType: null, spot: false}, STANDARD],
  [{zone: null, machineType: null, spot: null}, null],
])('a version without placements wrote %j', (fields, expected) => {
  expect(placementOf(fields)).toEqual(expected);
});

test.each<[PlacementFields, Placement | null]>([
  [{placement: SPOT}, SPOT],
  [{placement: null}, null],
  [{}, null],
])('%j stands for itself', (fields, expected) => {
  expect(placementOf(fields)).toEqual(expected);
});

test('what a version without placements wrote over a record is newer than the placement that it copied', () => {
  const moved = {...placementFields(SPOT), zone: 'us-central1-b', machineType: null, spot: false};
  expect(placementOf(moved)).toEqual(STANDARD);
  expect(placementOf({...placementFields(SPOT), zone: null, machineType: null, spot: null})).toBeNull();
});

test('a version without placements finds its fields in what is written now', () => {
  expect(placementFields(SPOT)).toMatchObject({zone: 'us-central1-a', machineType: 'n2-standard-4', spot: true});
  expect(placementFields(STANDARD)).toMatchObject({zone: 'us-central1-b', machineType: null, spot: false});
  expect(placementFields(null)).toMatchObject({zone: null, machineType: null, spot: null});
});
