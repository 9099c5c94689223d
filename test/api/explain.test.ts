import {ownerOfRepository, provisionQueueFor} from '../../shared/model/queues';
import {MINUTE, type TestSystem} from '../builders/system';
import type {Job} from '../emulators/github/job';
import {QUEUES} from '../emulators/system';
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

  test('is `running`, and its machine is said to be gone, while GitHub waits for the runner of a preempted VM', async () => {
    const job = system.queueJob({labels: ['self-hosted', 'gpu'], durationMs: 60 * MINUTE});
    await system.pass(3 * MINUTE, () => job.status === 'in_progress');
    await system.pass(10_000);
    expect((await explain(job.id)).because).not.toContain('gone');
    const machine = system.compute.instances().find(({name}) => name === job.runner?.name);
    if (!machine) throw new Error('found no VM of the job');
    system.compute.preempt(machine);
    await system.sweepFor(5 * MINUTE);
    expect(job.status).toBe('in_progress');
    const explained = await explain(job.id);
    expect(explained).toMatchObject({verdict: 'running', runner: {state: 'gone'}});
    expect(explained.because).toContain(
      `${job.runner?.name} by GitHub, and the machine of this runner has been gone for`,
    );
    expect(explained.do).toContain('rerunOnPreemption');
    await system.pass(MINUTE);
    system.github.fault({match: {path: /./}, times: 100, respond: {status: 502, body: {message: 'Bad Gateway'}}});
    expect((await explain(job.id)).because).toContain(`${job.runner?.name} by the record, and the machine`);
  });

  test('is `unknown_job` where neither the record nor GitHub knows it', async () => {
    const explained = await explain(4_711);
    expect(explained).toMatchObject({verdict: 'unknown_job', job: null, runner: null, timeline: []});
  });
});

test('a job whose tasks wait in a paused queue is told so, with the command that resumes it, and nothing of the webhook', async () => {
  await start();
  system.tasks.model.pauseQueue(QUEUES.provision);
  const job = system.queueJob();
  await system.sweepFor(6 * MINUTE);
  const explained = await explain(job.id);
  expect(explained).toMatchObject({verdict: 'not_noticed_yet', job: {status_at_github: 'queued'}});
  expect(explained.because).toContain(`the queue ${QUEUES.provision} is paused`);
  expect(explained.because).toContain('gcloud tasks queues resume provision --location=us-central1 --project=world');
  expect(explained.do).not.toContain('deliveries');

  system.tasks.queue(QUEUES.provision).resume();
  await system.pass(3 * MINUTE, () => job.status === 'in_progress');
  expect((await explain(job.id)).because).not.toContain('paused');
});

test('of several provision queues the one of the job’s owner alone is told of', async () => {
  const others = QUEUES.provision.replace(/provision$/, 'provision-2');
  await start({
    pools: `pools:
  - {name: arm, repos: ["*/*"], requires: [self-hosted], provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}}`,
    repositories: ['acme/app', 'cyberdyne/app'],
    env: {PROVISION_QUEUE: `${QUEUES.provision},${others}`},
  });
  withoutWebhooks();
  const [one, two] = ['acme/app', 'cyberdyne/app'].map((repository) => system.queueJob({repository}));
  if (!one || !two) throw new Error('found no job');
  const [ofOne, ofTwo] = [one, two].map(({repository}) =>
    provisionQueueFor([QUEUES.provision, others], ownerOfRepository(repository)),
  );
  expect(ofOne).not.toBe(ofTwo);
  system.tasks.model.pauseQueue(ofTwo ?? '');
  expect((await explain(pageOf(two))).because).toContain(`the queue ${ofTwo} is paused`);
  expect((await explain(pageOf(one))).because).not.toContain('paused');
});

test('a queue that the function may not look at says nothing of the job', async () => {
  await start();
  withoutWebhooks();
  const job = system.queueJob();
  const isLook = ({method, path}: {readonly method: string; readonly path: string}) =>
    method === 'GET' && path.endsWith(QUEUES.provision);
  system.tasks.fault({match: isLook, times: 9, respond: {status: 'PERMISSION_DENIED'}});
  const explained = await explain(pageOf(job));
  expect(system.tasks.requests.some(isLook)).toBe(true);
  expect(explained.because).not.toContain('the queue');
  expect(explained.do).not.toContain('the queue');
});

describe('a job that no pool takes', () => {
  beforeEach(() => start());

  test('is `not_ours` without a label that any pool knows', async () => {
    const job = system.queueJob({labels: ['ubuntu-latest']});
    await system.pass(MINUTE);
    expect(await explain(pageOf(job))).toMatchObject({verdict: 'not_ours', pool: null});
  });

  test('is `not_ours` with a misspelt label alone, and the reason does not name a label that a pool knows', async () => {
    const job = system.queueJob({labels: ['self-hosted', 'liunx']});
    await system.pass(MINUTE);
    const {verdict, because} = await explain(pageOf(job));
    expect([verdict, because]).toEqual(['not_ours', 'no pool knows the label liunx']);
  });

  test.each([
    ['an empty one', '', 'asks for the label "", which no runner can have: it is empty'],
    [
      'a space at its end',
      'gpu ',
      'asks for the label "gpu ", which no runner can have: it begins or ends with a space',
    ],
    ['a control character', 'a\u001b[2J', 'asks for the label "a\\u001b[2J", which no runner can have'],
    ['300 characters', 'x'.repeat(300), `asks for the label "${'x'.repeat(60)}…", which no runner can have`],
  ])('says so of a label that no runner can have: %s', async (_, label, sentence) => {
    const job = system.queueJob({labels: ['self-hosted', 'linux', 'arm64', label]});
    await system.pass(MINUTE);
    const explained = await explain(pageOf(job));
    expect(explained).toMatchObject({verdict: 'no_pool_matches', pool: null, job: {id: job.id}});
    expect(explained.because).toContain(sentence);
    expect(explained.do).toContain('runs-on');
    const lines = system.log.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({decision}) => decision === 'ignored')).toEqual([
      expect.objectContaining({severity: 'INFO', job: `${job.id}-1`, url: pageOf(job), reason: 'labels'}),
    ]);
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
