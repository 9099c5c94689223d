import {MINUTE, type TestSystem} from '../builders/system';
import type {Job} from '../emulators/github/job';
import {type ApiClient, problemOf} from './client';
import {aSystemToAsk, type Questions, type SystemOptions} from './explain-client';

jest.setTimeout(60_000);

let system: TestSystem;
let api: ApiClient;
let questions: Questions;

async function start(options?: SystemOptions): Promise<void> {
  ({system, api, questions} = await aSystemToAsk(options));
}
afterEach(() => system.close());

const explain = (job: string | number, passMs = 0) => questions.explain(job, passMs);
const pageOf = (job: Readonly<Job>) => questions.pageOf(job);

/** Lets nobody but the test have deliveries arrive. */
const withoutWebhooks = () => {
  system.github.deliveries.faults = () => ({drop: true});
};

describe('a question', () => {
  beforeEach(() => start());

  test.each([
    ['', 'no value'],
    ['job=1&job=2', 'two'],
    ['job=abc', 'a word'],
    ['job=0', 'zero'],
    ['job=1-0', 'attempt zero'],
    ['job=https%3A%2F%2Fevil.example%2Facme%2Fapp%2Factions%2Fruns%2F1%2Fjob%2F2', 'a page of another host'],
    ['job=1&what=2', 'an unknown parameter'],
  ])('with ?%s (%s) is 400, and GitHub is not asked', async (query) => {
    const before = system.github.requests.length;
    const answer = await api.get(`/explain?${query}`);
    expect([answer.status, problemOf(answer)]).toEqual([400, 'invalid-request']);
    expect(system.github.requests.length).toBe(before);
  });

  test('names the job by id, by id and attempt, or by its page with query and fragment', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(5 * MINUTE);
    for (const text of [String(job.id), `${job.id}-1`, pageOf(job), `${pageOf(job)}?pr=7#step:3:1`]) {
      expect(await explain(text)).toMatchObject({verdict: 'running', pool: 'arm', job: {id: job.id}});
    }
  });
});

describe('a job that is over, runs, or is not known', () => {
  beforeEach(() => start());

  test('is `running`, with its runner, then `completed`, with a timeline in order', async () => {
    const job = system.queueJob({durationMs: 4 * MINUTE});
    await system.pass(3 * MINUTE, () => job.status === 'in_progress');
    await system.pass(10_000);
    const running = await explain(job.id);
    expect(running).toMatchObject({verdict: 'running', runner: {provider: 'gce', state: 'busy'}});
    expect(running.because).toContain(running.runner?.name);

    await system.finish();
    const over = await explain(job.id);
    expect(over).toMatchObject({verdict: 'completed', do: 'Nothing to do.'});
    const times = over.timeline.map(({at}) => at);
    expect([...times].sort()).toEqual(times);
    expect(over.timeline.map(({what}) => what)).toEqual(
      expect.arrayContaining(['queued', 'assigned', 'registered', 'running', 'completed', 'deleted']),
    );
  });

  test('is `running` on a runner of another pool, before the news of it has arrived too', async () => {
    await system.close();
    const two = (name: string) => `
  - name: ${name}
    repo: acme/app
    requires: [self-hosted, ${name}]
    idleMinutes: 30
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}`;
    await start({pools: `pools:${two('one')}${two('two')}`});
    const made = await api.post('/api/v1/runners', {pool: 'one', repo: 'acme/app', labels: ['two']});
    expect(made.status).toBe(201);
    await system.pass(3 * MINUTE);
    withoutWebhooks();
    const job = system.queueJob({labels: ['self-hosted', 'two'], durationMs: 20 * MINUTE});
    await system.pass(MINUTE, () => job.status === 'in_progress');
    const {name} = (made.json['runners'] as {name: string}[])[0] ?? {name: ''};
    expect(job.runner?.name).toBe(name);
    expect(await explain(pageOf(job))).toMatchObject({verdict: 'running', pool: 'two', runner: {name, pool: 'one'}});
  });

  test('is `unknown_job` where neither the record nor GitHub knows it', async () => {
    const explained = await explain(4_711);
    expect(explained).toMatchObject({verdict: 'unknown_job', job: null, runner: null, timeline: []});
  });
});

describe('a job that no pool takes', () => {
  beforeEach(() => start());

  test('is `not_ours` without a label that any pool knows', async () => {
    const job = system.queueJob({labels: ['ubuntu-latest']});
    await system.pass(MINUTE);
    expect(await explain(pageOf(job))).toMatchObject({verdict: 'not_ours', pool: null});
  });

  test('is `no_pool_matches` with the nearest pool and the label that is missing', async () => {
    const job = system.queueJob({labels: ['self-hosted']});
    await system.pass(MINUTE);
    const explained = await explain(job.id);
    expect(explained.verdict).toBe('no_pool_matches');
    expect(explained.because).toContain('the nearest is arm, which requires linux');
    expect(explained.do).toContain('Add linux to runs-on');
  });

  test('is `repository_not_served` where no pool has its repository, which only its page tells', async () => {
    system.github.addRepository('other/thing', {visibility: 'private'});
    const job = system.queueJob({repository: 'other/thing'});
    await system.pass(MINUTE);
    const explained = await explain(pageOf(job));
    expect(explained).toMatchObject({verdict: 'repository_not_served', job: {repository: 'other/thing'}});
    expect(explained.because).toContain('acme/*');
  });

  test('is `public_repository` where the pool does not allow public ones', async () => {
    system.github.addRepository('acme/open', {visibility: 'public'});
    const job = system.queueJob({repository: 'acme/open'});
    await system.pass(MINUTE);
    expect(await explain(pageOf(job))).toMatchObject({
      verdict: 'public_repository',
      because: expect.stringContaining('acme/open is public'),
    });
  });

  test('is `not_installed` where the App is not on the account, suspended, or without the repository', async () => {
    withoutWebhooks();
    const job = system.queueJob();
    const [installation] = system.github.app.installations();
    if (!installation) throw new Error('found no installation');
    installation.suspended = true;
    expect(await explain(pageOf(job), 30_000)).toMatchObject({
      verdict: 'not_installed',
      because: expect.stringContaining('suspended'),
    });

    system.github.app.uninstall(installation.id);
    await system.pass(2 * MINUTE);
    expect(await explain(pageOf(job), 30_000)).toMatchObject({
      verdict: 'not_installed',
      because: expect.stringContaining('not installed on acme'),
    });

    system.github.app.install(installation.account, {repositories: ['acme/web']});
    await system.pass(10 * MINUTE);
    expect(await explain(pageOf(job), 30_000)).toMatchObject({
      verdict: 'not_installed',
      because: expect.stringContaining('does not include repository acme/app'),
    });
  });
});
