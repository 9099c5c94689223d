import {requestId} from '../../../shared/providers/gce/client/body';

const PARTS = ['slipway-arm-1-1', 'us-central1-a', 'template', 'n2-standard-4', 'spot'];

test('the same request has the same id, a UUID of version 5', () => {
  expect(requestId(...PARTS)).toBe(requestId(...PARTS));
  expect(requestId(...PARTS)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test.each(PARTS.map((part, index) => [part, index] as const))(
  'another value in place of %s gives another id',
  (part, index) => {
    expect(requestId(...PARTS.with(index, `${part}-2`))).not.toBe(requestId(...PARTS));
  },
);
