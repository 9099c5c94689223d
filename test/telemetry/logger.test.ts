import {Refused, Unavailable} from '../../shared/errors';
import {Secret} from '../../shared/secret';
import {createLogger, type LogLevel, prettyLine} from '../../shared/telemetry/create-logger';

function logging(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const logger = createLogger({level, destination: {write: (line) => lines.push(line)}});
  return {logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>};
}

describe('a log line', () => {
  test('is one JSON object in the format of Cloud Logging', () => {
    const {logger, lines, last} = logging();
    logger.with({job: '1001-1'}).info('job 1001 is queued', {decision: 'enqueued', pool: 'arm'});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\}\n$/);
    expect(last()).toMatchObject({
      severity: 'INFO',
      message: 'job 1001 is queued',
      job: '1001-1',
      decision: 'enqueued',
      pool: 'arm',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  test.each([
    ['debug', 'DEBUG'],
    ['info', 'INFO'],
    ['warning', 'WARNING'],
    ['error', 'ERROR'],
  ] as const)('of level %s has severity %s', (level, severity) => {
    const {logger, last} = logging();
    logger[level]('something');
    expect(last()['severity']).toBe(severity);
  });

  test('has a field once, which the call sets anew', () => {
    const {logger, lines, last} = logging();
    logger.with({job: '1-1', pool: 'arm'}).info('something', {job: '2-1'});
    expect(lines[0]?.split('"job"')).toHaveLength(2);
    expect(last()).toMatchObject({job: '2-1', pool: 'arm'});
  });

  test('below the level is not written', () => {
    const {logger, lines} = logging('warning');
    logger.info('too quiet');
    expect(lines).toEqual([]);
  });

  test('of a typed error has its kind and cause, and no stack', () => {
    const {logger, last} = logging();
    logger.error('failed', {error: new Refused('change this', {cause: new Error('the reason')})});
    expect(last()['error']).toEqual({kind: 'refused', message: 'change this', cause: 'the reason'});
  });

  test('of an unexpected error has the stack', () => {
    const {logger, last} = logging();
    logger.error('failed', {error: new TypeError('x is undefined')});
    expect(last()['error']).toMatchObject({name: 'TypeError', stack: expect.stringContaining('x is undefined')});
  });

  const jit = Buffer.from('{"runner":"config"}'.repeat(60)).toString('base64');
  test.each([
    ['a Secret', {token: new Secret('hunter2hunter2')}, 'hunter2'],
    [
      'an installation token in an error',
      {error: new Unavailable('GET with ghs_16C7e42F292c6912E7710c838347Ae178B4a failed', 1)},
      'ghs_16C7',
    ],
    [
      'a private key',
      {key: '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----'},
      'MIIEpAIB',
    ],
    ['a bearer token', {header: 'Bearer abcdefghijklmnopqrstuvwxyz'}, 'abcdefghij'],
    ['a JWT', {token: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhY2N0In0.c2lnbmF0dXJl'}, 'eyJhbGci'],
    ['an encoded JIT config', {error: new Error(`Invalid value: ${jit}`)}, jit.slice(0, 60)],
  ])('does not show %s', (_, fields, secret) => {
    const {logger, lines} = logging();
    logger.info('careless', fields);
    expect(lines[0]).toContain('***');
    expect(lines[0]).not.toContain(secret);
  });

  test.each([
    ['is said in the message', new Unavailable('GitHub did not answer', 1), 'it failed: GitHub did not answer'],
    [
      'is not said in the message where it may quote anything',
      new Error('secret'),
      'it failed: an error inside the function',
    ],
  ])('the reason of a failure %s', (_, error, message) => {
    const {logger, lines} = logging();
    logger.warning('it failed', {error});
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({message});
  });

  test('a reason that the message has already is not repeated', () => {
    const {logger, lines} = logging();
    logger.warning('failed, because GitHub did not answer', {error: new Unavailable('GitHub did not answer', 1)});
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({message: 'failed, because GitHub did not answer'});
  });

  test('is readable on a terminal', () => {
    const {logger, lines} = logging();
    logger.warning('will be tried again', {job: '1001-1', attempt: 2});
    expect(prettyLine(lines[0] ?? '')).toMatch(/WARNING.* will be tried again {2}.*job=1001-1 attempt=2/);
  });
});
