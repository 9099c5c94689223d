import {MINUTE, type TestSystem} from '../builders/system';
import {type ApiClient, problemOf} from './client';
import {aSystemToAsk, type SystemOptions} from './explain-client';

jest.setTimeout(60_000);

let system: TestSystem;
let api: ApiClient;

async function start(options?: SystemOptions): Promise<void> {
  ({system, api} = await aSystemToAsk(options));
}
afterEach(() => system.close());

describe('a job on record', () => {
  beforeEach(() => start());

  test('is read by its id, of which the newest attempt counts, or by id and attempt', async () => {
    const job = system.queueJob();
    await system.pass(10_000);
    for (const id of [job.id, `${job.id}-1`]) {
      const {status, json} = await api.get(`/jobs/${id}`);
      expect([status, json['id']]).toEqual([200, `${job.id}-1`]);
    }
    const unknown = await api.get(`/api/v1/jobs/${job.id}-2`);
    expect([unknown.status, problemOf(unknown)]).toEqual([404, 'unknown-job']);
    const wrong = await api.get('/jobs/abc');
    expect([wrong.status, problemOf(wrong)]).toEqual([400, 'invalid-request']);
  });

  test('is found by its run, by its pool and status, and by its repository in any case', async () => {
    const job = system.queueJob({durationMs: 60 * MINUTE});
    const other = system.queueJob({repository: 'acme/web'});
    await system.pass(10_000);
    const ids = async (query: string) => {
      const {json} = await api.get(`/jobs?${query}`);
      return (json['jobs'] as {job_id: number}[]).map(({job_id}) => job_id);
    };
    expect(await ids(`run=${job.runId}`)).toEqual([job.id]);
    expect(await ids('repository=ACME/App')).toEqual([job.id]);
    expect(await ids('pool=arm&repository=acme/WEB')).toEqual([other.id]);
    expect((await api.get('/jobs?status=asleep')).status).toBe(400);
  });

  test('is found by labels that it asks for, all of them and in any case, also one with a comma', async () => {
    const job = system.queueJob();
    const other = system.queueJob({labels: ['self-hosted', 'linux', 'run=1,2']});
    await system.pass(10_000);
    const ids = async (labels: string) => {
      const {status, json} = await api.get(`/jobs?labels=${encodeURIComponent(labels)}`);
      expect(status).toBe(200);
      return (json['jobs'] as {job_id: number}[]).map(({job_id}) => job_id).sort();
    };
    expect(await ids('LINUX,Self-Hosted')).toEqual([job.id, other.id]);
    expect(await ids('run=1,2')).toEqual([other.id]);
    expect(await ids('linux, gpu')).toEqual([]);
    expect((await api.get('/jobs?labels=a&labels=b')).status).toBe(400);
  });
});
