import {MINUTE, type TestSystem} from '../builders/system';
import {aSystemToAsk, type Questions, type SystemOptions} from './explain-client';

jest.setTimeout(60_000);

let system: TestSystem;
let questions: Questions;

async function start(options?: SystemOptions): Promise<void> {
  ({system, questions} = await aSystemToAsk(options));
}
afterEach(() => system.close());

const explain = (job: string | number, passMs = 0) => questions.explain(job, passMs);

describe('what is asked of GitHub', () => {
  beforeEach(() => start());
  const asked = () => system.github.requests.filter(({operationId}) => operationId.startsWith('actions/get-')).length;

  test('is answered from the record when GitHub does not answer, with 200', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(5 * MINUTE);
    system.github.fault({match: {path: /./}, times: 100, respond: {status: 502, body: {message: 'Bad Gateway'}}});
    const explained = await explain(job.id);
    expect(explained).toMatchObject({verdict: 'running', job: {status_at_github: null}});
    expect(explained.because).toContain('GitHub gave no usable answer');
    expect(await explain(4_711)).toMatchObject({verdict: 'unknown_job', because: expect.stringContaining('502')});
  });

  test.each([
    ['spelt out', (names: readonly string[]) => `[${names.join(', ')}]`],
    ['matched', () => '["acme/*"]'],
  ])('is in the 30 most active repositories, where pools have more %s', async (_, repos) => {
    await system.close();
    const names = Array.from({length: 35}, (__, n) => `acme/r${n}`);
    const pool =
      'requires: [self-hosted, linux], provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}';
    await start({pools: `pools: [{repos: ${repos(names)}, ${pool}}]`, repositories: []});
    const now = system.scheduler.now();
    for (const [n, name] of names.entries())
      system.github.addRepository(name, {visibility: 'private', pushedAtMs: now - (names.length - n) * 60_000});
    system.github.deliveries.faults = () => ({drop: true});
    const [quiet, active] = ['acme/r0', 'acme/r34'].map((repository) => system.queueJob({repository}));
    expect(await explain(active?.id ?? 0)).toMatchObject({
      verdict: 'not_noticed_yet',
      job: {repository: 'acme/r34'},
    });
    await system.pass(MINUTE);
    expect(await explain(quiet?.id ?? 0)).toMatchObject({
      verdict: 'unknown_job',
      because: expect.stringContaining('in the 30 repositories'),
    });
  });

  test('is kept for 60 seconds, and asked anew when the record is newer', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(5 * MINUTE);
    await explain(job.id);
    const before = asked();
    await explain(job.id);
    expect(asked()).toBe(before);
    await system.pass(MINUTE);
    await explain(job.id);
    expect(asked()).toBeGreaterThan(before);
  });

  test('is no more than 60 calls a minute, whoever asks about what', async () => {
    const before = system.github.requests.length;
    const verdicts = new Set<string>();
    for (let id = 1; id <= 40; id++) {
      const {verdict, because} = await explain(id);
      verdicts.add(verdict);
      if (id === 40) expect(because).toContain('60 times in this minute');
    }
    expect([...verdicts]).toEqual(['unknown_job']);
    // Besides, the tokens that the calls need.
    expect(system.github.requests.length - before).toBeLessThanOrEqual(62);
    await system.pass(MINUTE);
    expect((await explain(41)).because).not.toContain('60 times');
  });

  test('is nothing while less than 30 % of GitHub’s limit is left', async () => {
    await explain(1);
    const headers = {'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '1499', 'x-ratelimit-reset': '99999999999'};
    system.github.fault({
      match: {path: /actions\/jobs/},
      times: 2,
      respond: {status: 404, headers, body: {message: 'Not Found'}},
    });
    await explain(2);
    const before = system.github.requests.length;
    expect((await explain(3)).because).toContain('less than 30 %');
    expect(system.github.requests.length).toBe(before);
  });
});
