import {Refused} from '../../errors';
import type {Pool} from '../../model/pool';
import {CLOUD_RUN, type CloudRunSettings, regionOfJob} from './config';

/** The settings of a pool that the provider uses. Minutes may have fractions. */
export type CloudRunPool = Pick<Pool, 'name' | 'bootMinutes' | 'idleMinutes' | 'jobMinutes' | 'minIdle'> & {
  readonly provider: Omit<CloudRunSettings, 'type'>;
};

export function isCloudRun(pool: Pool): pool is Pool & {readonly provider: CloudRunSettings} {
  return pool.provider.type === CLOUD_RUN;
}

/** Where the functions run: for jobs that the pool names without a project or a region. */
export interface Home {
  readonly project: string;
  readonly region?: string;
}

/** The job of a pool, in its place. */
export interface JobPlace {
  /** `projects/P/locations/L/jobs/J` */
  readonly job: string;
  readonly region: string;
}

/** @throws Refused when neither the pool nor the environment names a region. */
export function jobOfPool(
  {name, provider}: Pick<CloudRunPool, 'name' | 'provider'>,
  {project, region: own}: Home,
): JobPlace {
  const {job} = provider;
  const region = regionOfJob(job) ?? provider.region ?? own;
  if (region === undefined) {
    throw new Refused(
      `found no region for pool ${name}; name one in the pool, write job as projects/P/locations/L/jobs/J, or set GOOGLE_CLOUD_REGION`,
    );
  }
  return {job: regionOfJob(job) ? job : `projects/${project}/locations/${region}/jobs/${job}`, region};
}

const EXECUTION =
  /^(?<job>projects\/[^/\s]{1,200}\/locations\/(?<region>[-a-z0-9]{1,60})\/jobs\/[-a-z0-9]{1,63})\/executions\/[-a-z0-9]{1,80}$/;

/** The place of an execution by its id, its full name; undefined: the text is no such name. */
export function jobOfExecution(id: string): JobPlace | undefined {
  const {job, region} = EXECUTION.exec(id)?.groups ?? {};
  return job && region ? {job, region} : undefined;
}
