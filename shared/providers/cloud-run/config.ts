import * as z from 'zod';
import {checkLongestLife, type LongestLife} from '../../model/longest-life';
import {REGION, RFC_1035, regionOf} from '../../model/names';
import {checkPlaceholders} from '../../model/placeholders';
import type {ProviderSettings} from '../../model/pool';
import {
  environment,
  type Here,
  type ProviderBlock,
  type RawSettings,
  type SettingsProblems,
  text,
  words,
} from '../../model/settings';

/** The type that pools and records name. */
export const CLOUD_RUN = 'cloud-run';

/** A job with its place. @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs */
const JOB_PATH =
  /^projects\/[a-z0-9][-a-z0-9.:]{0,99}\/locations\/(?<region>[a-z]{1,30}-[a-z]{1,30}\d{1,5})\/jobs\/[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Settings of a pool of type cloud-run. */
export interface CloudRunSettings extends ProviderSettings {
  readonly type: typeof CLOUD_RUN;
  /** Name of the job, or `projects/P/locations/L/jobs/J`. */
  readonly job: string;
  /** Undefined: the region of this deployment. */
  readonly region?: string;
  /** In place of the image's CMD, with placeholders. Undefined: the arguments of the job. */
  readonly args?: readonly string[];
  /** Added to the variables of the job, with placeholders. */
  readonly env: Readonly<Record<string, string>>;
}

const schema = z.strictObject({
  type: z.literal(CLOUD_RUN).meta({description: 'Runs each job in an execution of a Cloud Run job, without a VM.'}),
  job: text(
    new RegExp(`${JOB_PATH.source}|${RFC_1035.source}`),
    'a Cloud Run job: its name, or projects/P/locations/L/jobs/J',
  ).meta({description: 'Cloud Run job: its name, or projects/P/locations/L/jobs/J.'}),
  region: text(REGION, 'a region such as us-central1')
    .meta({description: 'Region of the job; default: that of its full name, else GOOGLE_CLOUD_REGION.'})
    .optional(),
  args: words
    .meta({
      description:
        'Replaces the CMD of the image; placeholders such as {runner_name} are filled in. Default: RUNNER_COMMAND, else the arguments of the job.',
    })
    .optional(),
  env: environment.optional(),
});

function settings(raw: z.infer<typeof schema>, here: Here): CloudRunSettings {
  const {type, job} = raw;
  const region = regionOfJob(job) ?? raw.region ?? here.region ?? (here.zone && regionOf(here.zone));
  const args = raw.args ?? here.containers?.command;
  return {
    type,
    job,
    ...(region === undefined ? {inOwnRegion: true} : {region, quotaScopes: [region]}),
    ...(args ? {args} : {}),
    env: {...here.containers?.env, ...raw.env},
    // An instance template may have the name of the job.
    template: `${type}.${region ?? ''}.${job.slice(job.lastIndexOf('/') + 1)}`,
  };
}

/** Pools of type cloud-run. */
export const cloudRun: ProviderBlock<typeof schema> = {schema, settings, check};

/** The region in the full name of a job. */
export function regionOfJob(job: unknown): string | undefined {
  return typeof job === 'string' ? JOB_PATH.exec(job)?.groups?.['region'] : undefined;
}

/** The longest time-out of a task. @see https://cloud.google.com/run/docs/configuring/task-timeout */
const LONGEST_LIFE: LongestLife = {
  ms: 168 * 3600 * 1000,
  sentence: 'a task of Cloud Run runs no longer than 168 hours, of which it may start and wait',
};

/** Both of whatever shape: a field of the wrong shape is the schema's to report. */
function check(pool: RawSettings, provider: RawSettings, path: string, problems: SettingsProblems, here: Here): void {
  const home = regionOfJob(provider['job']);
  const {region} = provider;
  if (home !== undefined && typeof region === 'string' && region !== home) {
    problems.report(`${path}.provider.region`, problems.describe(region), `${home}, the region of the job, or nothing`);
  }
  for (const field of ['args', 'env']) {
    checkPlaceholders(provider[field], `${path}.provider.${field}`, problems, false);
  }
  const {command, env} = here.containers ?? {};
  if (provider['args'] === undefined) checkPlaceholders(command, 'RUNNER_COMMAND', problems, false);
  for (const [name, value] of Object.entries(env ?? {})) {
    checkPlaceholders(value, `runnerenv_${name}`, problems, false);
  }
  checkLongestLife(pool, path, problems, LONGEST_LIFE);
}
