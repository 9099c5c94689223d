import type {Job} from '../../emulators/run/resources';
import {openCloudRun} from './world';

type World = Awaited<ReturnType<typeof openCloudRun>>;

let opened: World | undefined;

async function open(...given: Parameters<typeof openCloudRun>): Promise<World> {
  opened = await openCloudRun(...given);
  return opened;
}

afterEach(() => opened?.close());

test('a job that is as it should be, and the executions that run', async () => {
  const {provider} = await open();
  expect(await provider.check('arm')).toEqual([
    {
      status: 'ok',
      because: 'job projects/world/locations/us-central1/jobs/runner is there, and its executions can be read',
      do: 'Nothing to do.',
    },
    {
      about: 'quota',
      status: 'ok',
      because: '0 executions of the job run; a region runs 1000 at a time unless the project has asked for more',
      do: 'Nothing to do.',
    },
  ]);
});

test('there is no job', async () => {
  const {provider} = await open({settings: {job: 'no-such-job'}});
  expect(await provider.check('arm')).toMatchObject([
    {status: 'error', do: 'Create the job in us-central1, or correct job and region of the pool.'},
    {about: 'quota', status: 'skipped'},
  ]);
});

test.each<[string, Partial<Job>, object]>([
  ['retries', {maxRetries: 3}, {status: 'warning', do: 'Set maxRetries of the job to 0.'}],
  ['has a GPU, with which no task runs for so long', {accelerator: 'nvidia-l4'}, {status: 'error'}],
])('the job %s', async (_, job, expected) => {
  const {provider} = await open({job});
  expect((await provider.check('arm'))[0]).toMatchObject(expected);
});

test('what may not be read is an error that names the permissions', async () => {
  const {provider, server} = await open();
  server.fault({match: () => true, times: 2, respond: {status: 403, reason: 'PERMISSION_DENIED', message: 'denied'}});
  expect((await provider.check('arm'))[0]).toMatchObject({
    status: 'error',
    do: expect.stringContaining('run.jobs.get'),
  });
});

test('many running executions are a warning', async () => {
  const {provider, world, job} = await open();
  for (let n = 0; n < 800; n++) world.add(job, {}, true);
  expect((await provider.check('arm'))[1]).toMatchObject({about: 'quota', status: 'warning'});
});
