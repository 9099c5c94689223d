import {fillAll, fillPlaceholders, placeholdersIn, placeholderValues} from '../../model/placeholders';
import {JIT_CONFIG_VARIABLE, RETURN_DEPRECATED_VARIABLE} from '../../model/runner-program';
import type {CreateRequest} from '../provider';
import type {Execution, RunRequest} from './client/run';
import type {CloudRunPool} from './job';

/** Variables by which an execution is found again: Cloud Run names executions itself, and lets nobody label them. */
const DEPLOYMENT = 'SLIPWAY_DEPLOYMENT';
const RUNNER = 'SLIPWAY_RUNNER';
const POOL = 'SLIPWAY_POOL';
const JOB = 'SLIPWAY_JOB';

/** The overrides of one runner's execution. Slipway's own variables win over the pool's. */
export async function overridesOf(
  request: CreateRequest,
  {provider: {args, env}}: CloudRunPool,
  deployment: string,
  now: number,
): Promise<Pick<RunRequest, 'args' | 'env'>> {
  const texts = [...(args ?? []), ...Object.values(env)];
  const values = texts.some((text) => placeholdersIn(text).length > 0)
    ? placeholderValues(request, {repository: await request.repository(), deployment, now})
    : undefined;
  const own = {
    [DEPLOYMENT]: deployment,
    [RUNNER]: request.name,
    [POOL]: request.pool,
    [JOB]: request.job,
    [JIT_CONFIG_VARIABLE]: request.encodedJitConfig.reveal(),
    [RETURN_DEPRECATED_VARIABLE]: '1',
  };
  return {
    ...(args ? {args: values ? args.map((word) => fillPlaceholders(word, values)) : args} : {}),
    env: {...(values ? fillAll(env, values) : env), ...own},
  };
}

/** Whether the execution is of this deployment. What the variables do not say is somebody else's. */
export function isOwnExecution(deployment: string, {env}: Pick<Execution, 'env'>): boolean {
  // mutation: executions of this deployment
  return env[DEPLOYMENT] === deployment && env[RUNNER] !== undefined;
}

/** Name of the runner for which the execution was started; empty: it is none of Slipway's. */
export function runnerOf({env}: Pick<Execution, 'env'>): string {
  return env[RUNNER] ?? '';
}

export function poolOf({env}: Pick<Execution, 'env'>): string {
  return env[POOL] ?? '';
}
