import type {JobDocument} from '../../shared/model/job';
import {dayOf, usageId} from '../../shared/model/usage';
import {aJob} from '../builders/lifecycle';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {ApiClient} from './client';

// The first use of a Google client loads its modules, which takes time.
jest.setTimeout(120_000);

const POOLS = `
pools:
  - name: org
    org: acme
    requires: [self-hosted, linux]
    runnerGroup: builders
    fallback: private
    allowPublicRepos: true
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: private
    org: acme
    requires: [self-hosted, linux, private]
    runnerGroup: internal
    provider: {type: gce, template: runner-arm64, zones: [us-central1-b]}
`;
const DAY = 24 * 60 * MINUTE;

let system: TestSystem;

beforeEach(async () => {
  system = await aSystem({pools: POOLS});
  const organization = system.github.accounts.organization('acme');
  system.github.accounts.addRunnerGroup(organization, {
    name: 'builders',
    repositories: ['acme/app'],
    allowsPublicRepositories: true,
  });
  system.github.accounts.addRunnerGroup(organization, {name: 'internal', repositories: ['acme/app']});
});
afterEach(() => system.close());

async function record(jobs: readonly Partial<JobDocument>[]): Promise<void> {
  await system.store.transaction(async (transaction) => {
    for (const job of jobs) {
      const document = aJob({pool: 'org', status: 'completed', expireAt: Number.MAX_SAFE_INTEGER, ...job});
      transaction.set('jobs', `${document.jobId}-${document.runAttempt}`, document);
    }
  });
}

async function groups(): Promise<Record<string, string> | undefined> {
  const {json} = await new ApiClient(system.urls.api).get('/doctor');
  return (json['findings'] as Record<string, string>[]).find(({check}) => check === 'groups');
}

const NOT_ADMITTED = {
  status: 'error',
  because: expect.stringContaining('does not admit acme/web, whose jobs the pool takes'),
};

test('the repository of the newest job is looked at, however many older ones have lower ids', async () => {
  const now = system.scheduler.now();
  const old = Array.from({length: 250}, (_, n) => ({
    jobId: 1_000 + n,
    repository: 'acme/app',
    queuedAt: now - 2 * DAY,
  }));
  await record(old);
  expect(await groups()).toMatchObject({status: 'ok'});
  await record([{jobId: 9_000, repository: 'acme/web', queuedAt: now - 20 * MINUTE}]);
  expect(await groups()).toMatchObject(NOT_ADMITTED);
});

test('a repository whose jobs are not on record any more is known from the usage of the last 30 days', async () => {
  const use = (daysAgo: number) => ({
    day: dayOf(system.scheduler.now() - daysAgo * DAY),
    pool: 'org',
    repository: 'acme/web',
  });
  const write = async (daysAgo: number) =>
    system.store.transaction(async (transaction) =>
      transaction.set('usage', usageId(use(daysAgo)), {...use(daysAgo), rows: [], expireAt: Number.MAX_SAFE_INTEGER}),
    );
  await write(40);
  expect(await groups()).toMatchObject({status: 'ok'});
  await write(20);
  expect(await groups()).toMatchObject(NOT_ADMITTED);
});

test('the group of a fallback has to admit what falls back to it: private repositories, where it serves no public one', async () => {
  const {groups: all} = system.github.accounts.organization('acme');
  const admit = (group: string) =>
    all.forEach((each, index) => {
      if (each.name === group) all[index] = {...each, repositories: new Set(['acme/app', 'acme/web'])};
    });
  const queuedAt = system.scheduler.now() - MINUTE;
  admit('builders');
  await record([{jobId: 1, repository: 'acme/web', queuedAt}]);
  expect(await groups()).toMatchObject({status: 'ok'});
  await record([{jobId: 1, repository: 'acme/web', queuedAt, isPublic: true}]);
  expect(await groups()).toMatchObject({status: 'ok'});
  await record([{jobId: 1, repository: 'acme/web', queuedAt, isPublic: false}]);
  expect(await groups()).toMatchObject({
    status: 'error',
    because: expect.stringContaining(
      'the runner group "internal" of pool private does not admit acme/web, whose jobs fall back to it from pool org',
    ),
  });
  admit('internal');
  expect(await groups()).toMatchObject({status: 'ok'});
});
