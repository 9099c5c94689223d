import {fillAll, fillPlaceholders, type PlaceholderValues, placeholdersIn} from '../../model/placeholders';
import {scopeName} from '../../model/scope';
import type {CreateRequest} from '../provider';
import type {Execution, RunRequest} from './client/run';
import type {CloudRunPool} from './job';

/** Variables by which an execution is found again: Cloud Run names executions itself, and lets nobody label them. */
const DEPLOYMENT = 'SLIPWAY_DEPLOYMENT';
const RUNNER = 'SLIPWAY_RUNNER';
const POOL = 'SLIPWAY_POOL';
const JOB = 'SLIPWAY_JOB';

/** Read by the runner. @see https://github.com/actions/runner/blob/main/src/Runner.Listener/CommandSettings.cs */
const JIT_CONFIG = 'ACTIONS_RUNNER_INPUT_JITCONFIG';

/** With it `run.sh` exits with 7 when GitHub refuses the runner's version, and with 0 without it. */
const RETURN_DEPRECATED = 'ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE';

/** The exit code of a runner whose version GitHub refuses. */
export const VERSION_REFUSED = 7;

/** The overrides of one runner's execution. Slipway's own variables win over the pool's. */
export async function overridesOf(
  request: CreateRequest,
  {provider: {args, env}}: CloudRunPool,
  deployment: string,
  now: number,
): Promise<Pick<RunRequest, 'args' | 'env'>> {
  const texts = [...(args ?? []), ...Object.values(env)];
  const values = texts.some((text) => placeholdersIn(text).length > 0)
    ? await valuesOf(request, deployment, now)
    : undefined;
  const own = {
    [DEPLOYMENT]: deployment,
    [RUNNER]: request.name,
    [POOL]: request.pool,
    [JOB]: request.job,
    [JIT_CONFIG]: request.encodedJitConfig.reveal(),
    [RETURN_DEPRECATED]: '1',
  };
  return {
    ...(args ? {args: values ? args.map((word) => fillPlaceholders(word, values)) : args} : {}),
    env: {...(values ? fillAll(env, values) : env), ...own},
  };
}

async function valuesOf(
  {name, pool, scope, labels, repository}: CreateRequest,
  deployment: string,
  now: number,
): Promise<PlaceholderValues> {
  const [owner = '', repo = ''] = (await repository())?.split('/') ?? [];
  return {
    scope_name: scopeName(scope),
    runner_name: name,
    registration_token: '',
    repo_owner: owner,
    repo_name: repo,
    timestamp: String(Math.floor(now / 1000)),
    hostname: '',
    orchestrator_id: deployment,
    pool,
    labels: labels.join(','),
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
