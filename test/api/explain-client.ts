import {aSystem, type TestSystem} from '../builders/system';
import type {Job} from '../emulators/github/job';
import {type Answered, ApiClient} from './client';

/** What the tests read of an answer of `GET /explain`. */
export interface Explained {
  readonly job: {id: number; status_at_github: string | null; repository: string} | null;
  readonly verdict: string;
  readonly since: string;
  readonly because: string;
  readonly do: string;
  readonly pool: string | null;
  readonly runner: {name: string; provider: string; state: string; place: string | null} | null;
  readonly timeline: readonly {at: string; what: string; detail: string}[];
}

/** Asks `api` about jobs of a system on a virtual clock. */
export class Questions {
  constructor(
    private readonly system: TestSystem,
    private readonly api: ApiClient,
  ) {}

  /** The verdict on a job; never anything but 200, with a reason and a next step. `passMs`: how long a look-up may sleep. */
  async explain(job: string | number, passMs = 0): Promise<Explained> {
    const asked: Promise<Answered> = this.api.get(`/explain?job=${encodeURIComponent(job)}`);
    if (passMs > 0) await this.system.pass(passMs);
    const answer = await asked;
    expect(answer.status).toBe(200);
    const explained = answer.json as unknown as Explained;
    expect(explained.because).not.toBe('');
    expect(explained.do).not.toBe('');
    return explained;
  }

  /** The URL of the job's page at the emulated GitHub. */
  pageOf(job: Readonly<Job>): string {
    return `${this.system.github.webUrl}/${job.repository}/actions/runs/${job.runId}/job/${job.id}`;
  }

  /** The job's row in `GET /status`. */
  async waiting(job: Readonly<Job>): Promise<Record<string, unknown> | undefined> {
    const {json} = await this.api.get('/status');
    return (json['waiting_jobs'] as Record<string, unknown>[]).find(({id}) => id === job.id);
  }
}

export type SystemOptions = NonNullable<Parameters<typeof aSystem>[0]>;

/** A system on a virtual clock, its `api`, and what is asked of it. */
export async function aSystemToAsk(
  options: SystemOptions = {},
): Promise<{system: TestSystem; api: ApiClient; questions: Questions}> {
  const system = await aSystem(options);
  const api = new ApiClient(system.urls.api);
  return {system, api, questions: new Questions(system, api)};
}
