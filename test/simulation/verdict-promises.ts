import {parseConfig} from '../../shared/config/config';
import {openBreakers} from '../../shared/diagnosis/facts';
import {queuedJobs, type Records, waitingJobs} from '../../shared/diagnosis/waiting-jobs';
import {type JobDocument, type JobKey, jobKeyOf} from '../../shared/model/job';
import type {Store} from '../../shared/store/store';
import type {Job, JobStatus} from '../emulators/github/job';
import type {Explained} from './control-api';
import {environmentOf} from './environment';
import {KEPT_MS, type Known, type OnRecord} from './known';
import {randomOf} from './random-of';
import type {Setting} from './scenario';
import type {SimulatedServices} from './simulated-services';
import type {SimulatedWorld} from './simulated-world';
import {OF_QUEUED, whatIsWrong} from './verdict-truths';
import type {WorldHistory} from './world-history';

/** The longest time between two looks. When they are is the seed's choice, so that every moment of a minute is met. */
const MOST_MS = 600_000;

/** In a world that rests between jobs, while nothing is there: one look of so many. The others would see the same again. */
const LOOKS_AT_REST = 12;

/** Jobs that are asked about in one look, with GitHub. */
const ASKED = 3;

/** A job that GitHub never had. */
const NOBODY = 77_000_000_001;

const EVERYTHING = 100_000;

/** What `explain` answers of a job that is in this state at GitHub, and not queued on record. */
const OF_STATUS: Readonly<Record<JobStatus, string>> = {
  completed: 'completed',
  in_progress: 'running',
  waiting: 'waiting_for_approval',
  queued: 'not_noticed_yet',
};

/** At any moment, the verdict on every job is one of those that the world knows to be true: by the record alone for all that wait, after asking GitHub for some. */
export function watchVerdicts(world: SimulatedWorld, services: SimulatedServices, history: WorldHistory): void {
  const {scheduler, scenario, workload} = world;
  const chance = randomOf(scenario.seed, 'verdicts');
  const asks = randomOf(scenario.seed, 'questions');
  const configs = new Map<Setting, Records>();

  /** What the deployment of this moment is configured to do. */
  function records(): Records {
    const {setting} = services.deployed();
    const known = configs.get(setting);
    if (known) return known;
    const {pools, maxRunners} = parseConfig(environmentOf(setting, world.github.app), 'provision');
    const read = {
      store: world.store,
      clock: scheduler,
      hosts: [],
      pools,
      ...(maxRunners === undefined ? {} : {maxRunners}),
    };
    configs.set(setting, read);
    return read;
  }

  async function checkStatus(known: Known): Promise<void> {
    const breakers = await openBreakers(world.store);
    const eyes = {
      sweepSeconds: scenario.setting.sweepIntervalSeconds ?? 60,
      webhooks: scenario.setting.webhooksOff ? 'off' : 'on',
    } as const;
    const now = scheduler.now();
    const waiting = await waitingJobs(records(), await queuedJobs(records()), {
      ...eyes,
      now,
      runners: new Map(),
      breakers,
    });
    for (const {job, explanation} of waiting) {
      const wrong = whatIsWrong(known, job, {...explanation, by: 'record'});
      if (wrong) violated(job.jobId, explanation, wrong);
    }
  }

  async function checkExplain(known: Known): Promise<void> {
    const jobs = world.workload.jobs;
    const open = jobs.filter(({status}) => status !== 'completed');
    for (let n = 0; n < ASKED && jobs.length > 0; n++) {
      const some = n < ASKED - 1 && open.length > 0 ? open : jobs;
      const job = some[asks.below(some.length)];
      if (job) await checkExplained(known, job, asks.next() < 0.5);
    }
    if (asks.next() > 0.05) return;
    const {verdict} = await services.deployed().onlooker.explain(`${NOBODY}`);
    if (verdict !== 'unknown_job') violated(NOBODY, {verdict, because: ''}, 'nobody knows it');
  }

  /** By its page, or by its id alone if it is on record: a look for it everywhere ends at 30 repositories. */
  async function checkExplained(known: Known, job: Readonly<Job>, byPage: boolean): Promise<void> {
    const key = jobKeyOf({jobId: job.id, runAttempt: job.runAttempt});
    const record = await world.store.get('jobs', key);
    const page = `${world.github.webUrl}/${job.repository}/actions/runs/${job.runId}/job/${job.id}`;
    const told = await services.deployed().onlooker.explain(byPage || !record ? page : key);
    const wrong = wrongAboutGitHub(job, record, told) ?? (record && wrongOnRecord(known, record, told));
    if (wrong) violated(job.id, told, `${wrong}, as explained`);
  }

  function wrongAboutGitHub(job: Readonly<Job>, record: JobDocument | undefined, told: Explained): string | undefined {
    const {verdict, because, job: shown} = told;
    if (because === '' || told.do === '') return 'a person cannot act on it';
    if (verdict === 'unknown_job') return 'GitHub has it';
    if (!shown?.status_at_github) return undefined;
    const statuses = history.statusesSince(job.id, scheduler.now() - KEPT_MS);
    const possible = [...statuses].flatMap((status) => {
      const isNoticed = record?.status === 'queued';
      const isGivenUp = isNoticed && record.demand === 'dead' && status !== 'completed' && status !== 'in_progress';
      return [
        ...(isGivenUp ? ['given_up'] : []),
        ...(status === 'queued' && isNoticed ? OF_QUEUED : [OF_STATUS[status]]),
      ];
    });
    return possible.includes(verdict) ? undefined : `GitHub has it ${[...statuses].join(', then ')}`;
  }

  function wrongOnRecord(known: Known, job: JobDocument, told: Explained): string | undefined {
    if (!OF_QUEUED.has(told.verdict) || job.status !== 'queued') return undefined;
    return whatIsWrong(known, job, {
      verdict: told.verdict,
      because: told.because,
      do: told.do,
      since: Date.parse(told.since),
      by: told.job?.status_at_github ? 'github' : 'record',
    });
  }

  function violated(jobId: number, {verdict, because}: {verdict: string; because: string}, wrong: string): void {
    world.violated('wrong_verdict', `job ${jobId} is ${verdict} (${because}), but ${wrong}`);
  }

  const uncreated = new Map<JobKey, number>();

  async function check(): Promise<void> {
    const known = {
      world,
      history,
      tasks: services.tasks,
      limits: new Map(records().pools.map(({name, maxRunners}) => [name, maxRunners])),
      uncreated,
      record: await onRecord(world.store),
    };
    const now = scheduler.now();
    await checkStatus(known);
    await checkExplain(known);
    if (scheduler.now() !== now) world.violated('wrong_verdict', 'the look took time');
  }

  let atRest = 0;
  const isDue = () => {
    atRest = scenario.setting.rests && services.isResting() ? atRest + 1 : 0;
    return atRest % LOOKS_AT_REST === 0;
  };

  // Its own step: nothing else happens while it reads.
  const look = () => {
    scheduler.at(scheduler.now() + 1_000 + chance.below(MOST_MS), () => {
      if (isDue()) check().catch((error: unknown) => world.violated('wrong_verdict', String(error)));
      if (!workload.isOver()) look();
    });
  };
  look();
}

async function onRecord(store: Store): Promise<OnRecord> {
  const held = new Map<string, number>();
  for (const {data} of await store.find('slots', {where: {}, limit: EVERYTHING})) {
    if (data.holder !== null) held.set(data.pool, (held.get(data.pool) ?? 0) + 1);
  }
  const queues = new Map<string, JobKey[]>();
  const open = await store.find('jobs', {where: {demand: 'open'}, limit: EVERYTHING});
  for (const {id, data} of open.sort((a, b) => a.data.queuedAt - b.data.queuedAt)) {
    queues.set(data.pool, [...(queues.get(data.pool) ?? []), id]);
  }
  const breakers = await store.find('breakers', {where: {}, limit: EVERYTHING});
  const runners = await store.find('runners', {where: {}, limit: EVERYTHING});
  return {
    held,
    queues,
    openBreakers: new Set(breakers.filter(({data}) => data.open).map(({data}) => data.name)),
    runners: new Map(runners.map(({id, data}) => [id, data])),
  };
}
