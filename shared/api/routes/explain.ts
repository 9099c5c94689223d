import * as z from 'zod';
import {withConsole} from '../../diagnosis/console';
import {parseJobReference} from '../../diagnosis/job-reference';
import {type Look, lookAt} from '../../diagnosis/look';
import type {LookedAt} from '../../diagnosis/looked-at';
import {STEPS, timelineOf} from '../../diagnosis/timeline';
import {explain as explainJob, explainWithoutPools} from '../../diagnosis/waiting-job';
import {SlipwayError} from '../../errors';
import {jsonReply} from '../../http/server';
import {type Placement, placementOf} from '../../model/placement';
import {machineProvider, type RunnerDocument} from '../../model/runner';
import type {Context} from '../../ports';
import {knownMachines} from '../../providers/pages';
import {machineOf} from '../../runners/retire';
import {scrubSecrets} from '../../secret';
import {invalidInput} from '../input';
import {operation} from '../operation';
import {timeOf, vmStateOf} from '../resources';
import {RunnerStateWord, Time, VerdictWord} from '../schemas';

const RunnerOfJob = z.object({
  name: z.string(),
  pool: z.string(),
  provider: z.string(),
  state: RunnerStateWord,
  place: z.string().nullable().meta({description: 'Zone, region, subnet or host.'}),
  machine_type: z.string().nullable(),
  spot: z.boolean().nullable(),
  machine_id: z.string().nullable().meta({description: 'The provider’s own.'}),
  url: z.string().nullable().meta({description: 'The machine’s page at its provider.'}),
});

const Explained = z
  .object({
    job: z
      .object({
        id: z.int(),
        attempt: z.int(),
        url: z.string().nullable(),
        repository: z.string(),
        labels: z.array(z.string()),
        status_at_github: z
          .string()
          .nullable()
          .meta({description: 'GitHub’s own word; null where GitHub was not heard, and the verdict is the record’s.'}),
        queued_at: Time.nullable(),
      })
      .nullable()
      .meta({description: 'Null: nobody knows it.'}),
    verdict: VerdictWord,
    since: Time.meta({description: 'Since when the verdict holds.'}),
    because: z.string(),
    do: z.string().meta({description: 'The next step.'}),
    pool: z.string().nullable(),
    runner: RunnerOfJob.nullable(),
    timeline: z
      .array(z.object({at: Time, what: z.enum(STEPS), detail: z.string()}))
      .meta({description: 'From records, oldest first; at most 50.'}),
  })
  .meta({id: 'Explanation'});

const EXAMPLE: z.output<typeof Explained> = {
  job: {
    id: 44200000072,
    attempt: 1,
    url: 'https://github.com/acme/app/actions/runs/44100000001/job/44200000072',
    repository: 'acme/app',
    labels: ['self-hosted', 'linux', 'arm64'],
    status_at_github: 'queued',
    queued_at: '2026-11-01T12:00:00.000Z',
  },
  verdict: 'waiting_for_slot',
  since: '2026-11-01T12:00:00.000Z',
  because: '20 of 20 runners of pool arm are busy or on their way, and the job is the 3rd in the queue',
  do: 'Wait until a job of the pool ends, or raise maxRunners of pool arm.',
  pool: 'arm',
  runner: null,
  timeline: [{at: '2026-11-01T12:00:00.000Z', what: 'queued', detail: 'self-hosted, linux, arm64'}],
};

export const explain = operation(
  {
    id: 'explainJob',
    method: 'GET',
    path: '/explain',
    alsoAt: '/api/v1/explain',
    tag: 'jobs',
    summary: 'Why does this job wait?',
    description:
      'Reads the record, asks GitHub for the job as it is now, and looks at what the job waits for. Of a machine that boots for too long `because` ends with the last line of its console. GitHub is asked 60 times a minute at most, and answers are kept for 60 seconds.',
    access: 'secret',
    whenMisconfigured: true,
    parameters: z.strictObject({}),
    query: z.strictObject({
      job: z
        .string()
        .min(1)
        .max(1_000)
        .meta({
          description: 'A job’s id, `<id>-<attempt>`, or the URL of its page at GitHub.',
          examples: ['44200000072', '44200000072-1'],
        }),
    }),
    outcomes: {200: {description: 'The verdict.', schema: Explained, example: EXAMPLE}},
    problems: [],
  },
  async (request, {query}) => {
    const {webUrl} = request.config.github;
    const asked = parseJobReference(query.job, webUrl);
    if (!asked) {
      const page = `${webUrl}/OWNER/REPOSITORY/actions/runs/RUN/job/ID`;
      const other = webAddressOf(query.job);
      if (other !== undefined && other !== new URL(webUrl).origin) {
        throw invalidInput(
          'query',
          'job',
          `the page is at ${other}, and GITHUB_API_URL of this deployment is that of ${webUrl}: it hears of no job elsewhere; expected ${page}, or another GITHUB_API_URL`,
        );
      }
      throw invalidInput('query', 'job', `found no job in it; expected an id, <id>-<attempt>, or ${page}`);
    }
    const {config, invalid} = await request.services();
    const context = await request.context();
    const lookUps = await request.lookUps();
    const look = await lookAt(context, asked, lookUps, {
      sweepSeconds: config.sweepIntervalSeconds,
      webhooks: config.webhooks,
    });
    const {looked, runners} = look;
    const [misconfigured] = invalid?.problems ?? [];
    const {
      verdict,
      since,
      because,
      do: remedy,
    } = await withConsole(
      context,
      lookUps,
      looked.runner,
      misconfigured ? explainWithoutPools(looked, misconfigured) : explainJob(looked),
    );
    const atGitHub = looked.github.kind === 'seen' ? looked.github.job : undefined;
    const timeline = timelineOf(looked.job, atGitHub, runners, looked.letter);
    const answer: z.output<typeof Explained> = {
      job: jobOf(looked),
      verdict,
      since: timeOf(since),
      because: scrubSecrets(because),
      do: remedy,
      pool: looked.pool?.name ?? looked.job?.pool ?? null,
      runner: await runnerOf(context, look, config.project),
      timeline: timeline.map(({at, what, detail}) => ({at: timeOf(at), what, detail: scrubSecrets(detail)})),
    };
    return jsonReply(answer);
  },
);

/** Of a job's page anywhere; undefined: the text is no such page. */
function webAddressOf(text: string): string | undefined {
  if (!URL.canParse(text.trim())) return undefined;
  const {origin, pathname} = new URL(text.trim());
  return /\/actions\/runs\/\d+\/job\/\d+\/?$/.test(pathname) ? origin : undefined;
}

function jobOf({job, github}: LookedAt): z.output<typeof Explained>['job'] {
  const seen = github.kind === 'seen' ? github : undefined;
  const word = seen ? (seen.job.word ?? seen.job.status) : null;
  if (job) {
    return {
      id: job.jobId,
      attempt: job.runAttempt,
      url: job.url,
      repository: job.repository,
      labels: [...(seen?.job.labels ?? job.labels)],
      status_at_github: word,
      queued_at: timeOf(job.queuedAt),
    };
  }
  if (!seen) return null;
  const {id, runAttempt, url, labels, queuedAt} = seen.job;
  return {
    id,
    attempt: runAttempt,
    url,
    repository: seen.repository,
    labels: [...labels],
    status_at_github: word,
    queued_at: queuedAt === null ? null : timeOf(queuedAt),
  };
}

/** The runner that is there for the job, or ran it; of a persistent VM as its machine. */
async function runnerOf(
  context: Context,
  {looked: {vm: waitedFor, job}, worker}: Look,
  project: string,
): Promise<z.output<typeof RunnerOfJob> | null> {
  if (worker && 'runner' in worker) {
    const {runner} = worker;
    const placement = placementOf(runner);
    const {name, state} = runner;
    const isMade = placement !== null && state !== 'requested';
    return {
      name,
      pool: runner.pool,
      provider: machineProvider(runner),
      state,
      place: placement?.place ?? null,
      machine_type: placement?.machineType ?? null,
      spot: placement?.spot ?? null,
      machine_id: runner.machineId ?? (isMade && knownMachines(machineProvider(runner))?.namesAreIds ? name : null),
      url: isMade ? await pageOf(context, runner, placement, project) : null,
    };
  }
  const vm = worker ?? waitedFor;
  const entry = worker?.entry ?? waitedFor?.vm.pools.find((one) => one.pool.name === job?.pool);
  if (!vm || !entry) return null;
  const {instance, zone} = vm.vm;
  const {type} = entry.pool.provider;
  return {
    name: entry.runnerName,
    pool: entry.pool.name,
    provider: type,
    state: vmStateOf({...vm.vm, document: vm.document}),
    place: zone,
    machine_type: null,
    spot: null,
    machine_id: instance,
    url: knownMachines(type)?.page(project, zone, instance) ?? null,
  };
}

/** The machine's page at its provider. */
async function pageOf(
  context: Context,
  runner: RunnerDocument,
  {place}: Placement,
  project: string,
): Promise<string | null> {
  const known = knownMachines(machineProvider(runner));
  if (known) return known.page(project, place, runner.name);
  try {
    return (await context.provider(runner.pool, machineProvider(runner)).page?.(machineOf(runner))) ?? null;
  } catch (error) {
    if (error instanceof SlipwayError) return null;
    throw error;
  }
}
