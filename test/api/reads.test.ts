import {aSystem, MINUTE, POOLS, type TestSystem} from '../builders/system';
import type {Job} from '../emulators/github/job';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

const WITH_VMS = `${POOLS}
  - name: vm-app
    repo: acme/app
    requires: [self-hosted, big]
    provider: {type: gce-vm, instance: github-runner, zone: us-central1-a, runnerName: big-runner}
  - name: vm-web
    repo: acme/web
    requires: [self-hosted, big]
    provider: {type: gce-vm, instance: github-runner, zone: us-central1-a, runnerName: big-runner}
`;
const VM = 'us-central1-a.github-runner';

let system: TestSystem;
let api: ApiClient;

beforeEach(async () => {
  system = await aSystem({pools: WITH_VMS});
  api = new ApiClient(system.urls.api);
});
afterEach(() => system.close());

/** Waits until GitHub runs the job and the webhook has arrived. */
async function running(job: Readonly<Job>): Promise<void> {
  await system.pass(30 * MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
}
const names = (list: unknown) => (list as {name: string}[]).map(({name}) => name);

test('the service answers its version and its pools, which contain no secret', async () => {
  const answer = await api.get('/');
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({service: 'slipway', inactive_minutes: 15});
  expect(names(answer.json['runner_configs'])).toEqual(['arm', 'spot', 'vm-app', 'vm-web']);
  for (const secret of [system.env['GITHUB_WEBHOOK_SECRET'], system.env['RUNNER_MANAGER_SECRET'], 'PRIVATE KEY']) {
    expect(answer.text).not.toContain(secret);
  }
});

test('a pool of type gce-vm has the fields of the older flat form too, and no other pool has', async () => {
  const {json} = await api.get('/');
  const [arm, , app] = json['runner_configs'] as Record<string, unknown>[];
  expect(app).toMatchObject({
    repo: 'acme/app',
    labels: ['self-hosted', 'big'],
    vm_instance_name: 'github-runner',
    vm_instance_zone: 'us-central1-a',
  });
  for (const field of ['repo', 'labels', 'vm_instance_name', 'vm_instance_zone']) expect(arm).not.toHaveProperty(field);
});

test('max_concurrent is at most the limit over all pools', async () => {
  const limited = await aSystem({pools: `maxRunners: 7\n${WITH_VMS}`});
  try {
    const {json} = await new ApiClient(limited.urls.api).get('/status');
    expect(json).toMatchObject({max_concurrent: 7});
  } finally {
    await limited.close();
  }
});

describe('status', () => {
  test('shows a running job’s runner, the counts of its pool and its limit', async () => {
    const job = system.queueJob({durationMs: 10 * MINUTE});
    await running(job);
    await system.pass(90_000);
    const {json} = await api.get('/status');
    expect(json).toMatchObject({
      active_runners: [{pool: 'arm', state: 'busy', job_id: job.id, running_seconds: expect.any(Number)}],
      // Two pools share the VM.
      max_concurrent: 5 + 20 + 1,
      poll_interval_seconds: 60,
      job_timeout_seconds: 360 * 60,
      waiting_jobs: [],
      last_sweep: null,
      breakers: [],
      deadletters: 0,
    });
    const [runner] = json['active_runners'] as [{running_seconds: number}];
    expect(runner.running_seconds).toBeGreaterThanOrEqual(80);
    expect(json['pools']).toContainEqual({
      name: 'arm',
      limit: 5,
      states: {requested: 0, creating: 0, booting: 0, idle: 0, busy: 1, draining: 0},
    });
  });

  test('lists the jobs that wait, the oldest first, with their age', async () => {
    const jobs = [];
    for (let i = 0; i < 7; i++) {
      jobs.push(system.queueJob({durationMs: 60 * MINUTE}));
      await system.pass(1_000);
    }
    await system.pass(5 * MINUTE);
    const {json} = await api.get('/status');
    const waiting = json['waiting_jobs'] as {job_id: number; age_seconds: number; pool: string}[];
    expect(waiting.map(({job_id}) => job_id)).toEqual([jobs[5]?.id, jobs[6]?.id]);
    expect(waiting[0]?.age_seconds).toBeGreaterThanOrEqual(300);
    expect(waiting[0]?.age_seconds).toBeGreaterThan(waiting[1]?.age_seconds ?? 0);
  });

  test('shows breakers and counts dead letters', async () => {
    await system.store.transaction(async (transaction) => {
      const now = system.scheduler.now();
      const expireAt = now + MINUTE;
      transaction.set('breakers', 'quota.x', {
        name: 'quota.x',
        reason: 'CPUS',
        open: true,
        failures: 1,
        failedAt: now,
        openedAt: now,
        nextProbeAt: now + 1,
        expireAt,
      });
      transaction.set('deadletters', 'a', aLetter(now));
    });
    const {json} = await api.get('/status');
    expect(json).toMatchObject({breakers: [{name: 'quota.x', reason: 'CPUS'}], deadletters: 1});
  });

  test('counts a persistent VM that runs, in every pool that shares it', async () => {
    await putVm('running', ['77-1']);
    const {json} = await api.get('/api/v1/status');
    expect(json['active_runners']).toEqual([
      {name: 'big-runner', pool: 'vm-app', state: 'busy', job_id: 77, running_seconds: null},
    ]);
    const busy = {requested: 0, creating: 0, booting: 0, idle: 0, busy: 1, draining: 0};
    expect(json['pools']).toContainEqual({name: 'vm-web', limit: 1, states: busy});
  });

  test('leaves out a persistent VM that is stopped', async () => {
    expect((await api.get('/status')).json['active_runners']).toEqual([]);
  });

  test('shows when the last sweep ended', async () => {
    const finishedAt = system.scheduler.now();
    await system.sweep();
    await system.pass(31_000);
    expect((await api.get('/status')).json['last_sweep']).toMatchObject({
      at: new Date(finishedAt).toISOString(),
      age_seconds: 31,
      finished: true,
      decided: {},
    });
  });
});

describe('runners', () => {
  test.each([
    ['starting', [], 'booting'],
    ['running', [], 'idle'],
    ['running', ['77-1'], 'busy'],
    ['stopping', [], 'draining'],
    ['stopped', [], 'stopped'],
  ] as const)('list a persistent VM that is %s with jobs %j once, as %s', async (state, runs, expected) => {
    await putVm(state, runs);
    const {json} = await api.get('/runners');
    expect(json['runners']).toMatchObject([
      {id: VM, name: 'big-runner', pool: 'vm-app', type: 'gce-vm', state: expected},
    ]);
  });

  test('are paged, by `next` and by the Link header, each exactly once', async () => {
    for (let i = 0; i < 5; i++) system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(5 * MINUTE);
    const seen: string[] = [];
    let path: string | undefined = 'runners?per_page=2';
    let pages = 0;
    while (path) {
      const {json, headers} = await api.get(`/${path}`);
      seen.push(...names(json['runners']));
      path = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
      expect(path === undefined).toBe(json['next'] === null);
      pages++;
    }
    expect(pages).toBe(3);
    expect(new Set(seen).size).toBe(6);
    expect(seen).toHaveLength(6);
    expect(seen.at(-1)).toBe('big-runner');
  });

  test('are filtered by pool, state and repository', async () => {
    const [app, web] = [
      system.queueJob({durationMs: 60 * MINUTE}),
      system.queueJob({durationMs: 60 * MINUTE, repository: 'acme/web', labels: ['self-hosted', 'gpu']}),
    ];
    await running(app);
    await running(web);
    const ids = async (query: string) => {
      const {json} = await api.get(`/runners?${query}`);
      return (json['runners'] as {job_id: number | null}[]).map(({job_id}) => job_id);
    };
    expect(await ids('pool=arm')).toEqual([app.id]);
    expect(await ids('repository=Acme/Web')).toEqual([web.id, null]);
    expect(await ids('state=busy&pool=spot')).toEqual([web.id]);
    expect(await ids('state=idle,booting')).toEqual([]);
    expect(await ids('state=stopped')).toEqual([null]);
  });

  test('whose job is over drain, though their own record says busy', async () => {
    const [over, other] = [system.queueJob({durationMs: 60 * MINUTE}), system.queueJob({durationMs: 60 * MINUTE})];
    await running(over);
    await running(other);
    const [key] = await system.store
      .find('jobs', {where: {status: 'in_progress'}, limit: 2})
      .then((jobs) => jobs.flatMap(({id, data}) => (data.jobId === over.id ? [id] : [])));
    await system.store.transaction(async (transaction) => {
      const job = await transaction.get('jobs', key ?? '');
      if (job) transaction.set('jobs', key ?? '', {...job, status: 'completed', updatedAt: system.scheduler.now()});
    });
    const states = async (query: string) => {
      const {json} = await api.get(`/runners?pool=arm${query}`);
      return (json['runners'] as {job_id: number | null; state: string}[]).map(({job_id, state}) => [job_id, state]);
    };
    expect(await states('&state=draining')).toEqual([[over.id, 'draining']]);
    expect(await states('&state=busy')).toEqual([[other.id, 'busy']]);
    expect((await states('')).toSorted()).toEqual(
      [
        [over.id, 'draining'],
        [other.id, 'busy'],
      ].toSorted(),
    );
  });

  test('that are gone are listed if the state is given', async () => {
    system.queueJob();
    await system.finish();
    await system.pass(MINUTE);
    expect(names((await api.get('/runners')).json['runners'])).toEqual(['big-runner']);
    expect((await api.get('/api/v1/runners?state=gone')).json['runners']).toMatchObject([{state: 'gone', pool: 'arm'}]);
  });

  test('are found by id, a VM also by its runner’s name', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    await running(job);
    const id = `slipway-arm-${job.id}-1`;
    const found = await api.get(`/runners/${id}`);
    expect(found.json).toMatchObject({id, state: 'busy', repository: 'acme/app', org: null, job_id: job.id});
    expect((await api.get(`/runners/${VM}`)).json).toMatchObject({id: VM, state: 'stopped'});
    expect((await api.get('/api/v1/runners/big-runner')).json).toMatchObject({id: VM});
  });

  test.each([
    ['/runners/nobody', 404, 'unknown-runner'],
    ['/runners/a%2Fb', 404, 'unknown-runner'],
    ['/runners/__a__', 404, 'unknown-runner'],
    ['/runners?pool=nowhere', 404, 'unknown-pool'],
    ['/runners?state=asleep', 400, 'invalid-request'],
    ['/runners?state=', 400, 'invalid-request'],
    ['/runners?stat=busy', 400, 'invalid-request'],
    ['/runners?per_page=101', 400, 'invalid-request'],
    ['/runners?per_page=some', 400, 'invalid-request'],
    ['/runners?per_page=0x10', 400, 'invalid-request'],
    ['/jobs?per_page=1e1', 400, 'invalid-request'],
    ['/jobs?run=0', 400, 'invalid-request'],
    ['/jobs?run=1e3', 400, 'invalid-request'],
    ['/runners?per_page=1&per_page=2', 400, 'invalid-request'],
    ['/runners?cursor=nonsense', 400, 'invalid-request'],
    ['/runners?repository=acme', 400, 'invalid-request'],
  ])('refuse GET %s with %i %s', async (path, status, problem) => {
    const answer = await api.get(path);
    expect([answer.status, problemOf(answer)]).toEqual([status, problem]);
  });
});

test('jobs are paged, and filtered by pool, status and repository', async () => {
  const [app, web] = [system.queueJob(), system.queueJob({repository: 'acme/web'})];
  await system.finish();
  const waits = system.queueJob({durationMs: 60 * MINUTE});
  await running(waits);
  const ids = async (query: string) => {
    const {json} = await api.get(`/jobs?${query}`);
    return (json['jobs'] as {job_id: number}[]).map(({job_id}) => job_id).sort();
  };
  expect(await ids('')).toEqual([app.id, web.id, waits.id].sort());
  expect(await ids('status=in_progress')).toEqual([waits.id]);
  expect(await ids('repository=acme/web&status=completed')).toEqual([web.id]);
  expect(await ids('pool=spot')).toEqual([]);
  const first = await api.get('/api/v1/jobs?per_page=2');
  const second = await api.get(`/api/v1/jobs?per_page=2&cursor=${first.json['next']}`);
  expect([...(first.json['jobs'] as unknown[]), ...(second.json['jobs'] as unknown[])]).toHaveLength(3);
  expect(second.json['next']).toBeNull();
  expect((await api.get('/jobs?status=lost')).status).toBe(400);
});

function aLetter(now: number) {
  const rest = {jobUrl: null, attempts: 20, at: now, expireAt: now + MINUTE};
  return {task: 'a', queue: 'provision', body: null, error: 'it failed', job: null, ...rest};
}

async function putVm(state: 'starting' | 'running' | 'stopping' | 'stopped', runs: readonly string[]): Promise<void> {
  const now = system.scheduler.now();
  await system.store.transaction(async (transaction) =>
    transaction.set('vms', VM, {
      instance: 'github-runner',
      zone: 'us-central1-a',
      state,
      version: 1,
      activeAt: now,
      runs,
      repositories: [],
      drained: [],
      stopLeaseUntil: 0,
      startFailures: 0,
      startFailingSince: null,
      nextStartAt: 0,
      stateAt: now,
      expireAt: now + 60 * MINUTE,
    }),
  );
}
