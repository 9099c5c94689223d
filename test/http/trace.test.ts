import {traceFields, traceOf} from '../../shared/http/trace';

const TRACE = '105445aa7843bc8bf206b12000100000';

describe('a request’s trace', () => {
  test.each([
    ['traceparent', {traceparent: `00-${TRACE}-00f067aa0ba902b7-01`}, {traceId: TRACE, spanId: '00f067aa0ba902b7'}],
    [
      'X-Cloud-Trace-Context',
      {'x-cloud-trace-context': `${TRACE}/1;o=1`},
      {traceId: TRACE, spanId: '0000000000000001'},
    ],
    ['X-Cloud-Trace-Context without a span', {'x-cloud-trace-context': TRACE}, {traceId: TRACE}],
    ['no header', {}, undefined],
    ['nonsense', {traceparent: 'hello', 'x-cloud-trace-context': '../etc'}, undefined],
  ])('is read from %s', (_, headers, expected) => {
    const trace = traceOf(headers);
    if (expected) expect(trace).toMatchObject(expected);
    else expect(trace).toBeUndefined();
  });

  test('prefers traceparent, and passes it on as it is', () => {
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
    expect(traceOf({traceparent, 'x-cloud-trace-context': `${'0'.repeat(32)}/1`})?.traceparent).toBe(traceparent);
  });

  test('joins log lines to Cloud Trace', () => {
    expect(traceFields({traceId: TRACE, spanId: 'abc'}, 'my-project')).toEqual({
      'logging.googleapis.com/trace': `projects/my-project/traces/${TRACE}`,
      'logging.googleapis.com/spanId': 'abc',
    });
    expect(traceFields(undefined, 'my-project')).toEqual({});
  });
});
