import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  LeaseHeld,
  NameTaken,
  NoCapacity,
  PoolFull,
  QuotaExceeded,
  RateLimited,
  Refused,
  Unavailable,
  Uncertain,
} from '../../shared/errors';
import {PROBLEMS, problemReply, toProblem} from '../../shared/http/errors';

test('docs/api.md explains every type of problem with its status, and no other', () => {
  const text = readFileSync(join(__dirname, '../../docs/api.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \| (\d{3}) \|/gm)];
  const documented = rows.flatMap(([, kinds = '', status]) =>
    [...kinds.matchAll(/`([a-z-]+)`/g)].map(([, kind]) => `${kind} ${status}`),
  );
  const known = Object.entries(PROBLEMS).map(([kind, {status}]) => `${kind} ${status}`);
  expect(documented.sort()).toEqual(known.sort());
});

test.each([
  [new RateLimited('limit', 61.2), 503, 'peer-rate-limited', '62'],
  [new Unavailable('down', 5), 503, 'unavailable', '5'],
  [new Uncertain('no answer', 0), 503, 'uncertain', '1'],
  [new NoCapacity('stock-out', 60), 503, 'no-capacity', '60'],
  [new PoolFull('full', 60), 503, 'pool-full', '60'],
  [new QuotaExceeded('CPUS', 60), 503, 'quota-exceeded', '60'],
  [new LeaseHeld('held', 7), 409, 'in-progress', '7'],
  [new NameTaken('taken'), 409, 'name-taken', undefined],
  [new Refused('no right'), 502, 'refused', undefined],
])('%o is answered %i %s', (error, status, kind, retryAfter) => {
  const reply = problemReply(toProblem(error));
  const body = JSON.parse(String(reply.body?.content)) as {type: string; detail: string};
  expect([reply.status, body.type, reply.headers?.['Retry-After']]).toEqual([
    status,
    `urn:slipway:problem:${kind}`,
    retryAfter,
  ]);
  expect(body.detail).toBe(error.message);
});

test('an unexpected error is answered 500, without its message', () => {
  const reply = problemReply(toProblem(new Error('password=sesame')));
  expect(reply.status).toBe(500);
  expect(String(reply.body?.content)).not.toContain('sesame');
});
