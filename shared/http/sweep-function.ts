import type {HttpFunction, Request} from '@google-cloud/functions-framework';
import type {Logger} from '../logger';
import type {Services} from '../ports';
import {readDryRun} from './dry-run';
import {toReply} from './errors';
import {callerVerifier, type OidcVerifier} from './oidc';
import {createBodyReader, MAX_TASK_BYTES} from './read-body';
import {jsonReply, type Reply, requirePost, sendReply} from './server';
import {traceFields, traceOf} from './trace';

/** Status of the answer that nothing was swept, and that nobody is to call again for it. */
const NOT_SWEPT = 202;

/** One call of the sweep. */
export interface SweepCall {
  /** Its lines contain the trace of the request. */
  readonly logger: Logger;
  /** `?dry-run=true`: it only answers what it would do. */
  readonly isDry: boolean;
  /** A run between two calls of the scheduler, which is a task. */
  readonly isTask: boolean;
}

/** Performs one sweep and returns its report, which is the answer; status `held`: another one is at work. Throws typed errors. */
export type SweepHandler = (services: Services<'sweep'>, call: SweepCall) => Promise<{readonly status: string}>;

/**
 * A callback of Cloud Scheduler: authenticate the caller, read the query, perform the sweep, answer its report. Only a sweep that came to its
 * end is answered 200, which the alert `sweep_silent` counts: behind one that died with its lock all others are `held` for ten minutes.
 */
export function createSweepFunction(getServices: () => Promise<Services<'sweep'>>, handle: SweepHandler): HttpFunction {
  const bodies = createBodyReader(MAX_TASK_BYTES);
  let verifier: OidcVerifier | undefined;

  async function run(request: Request): Promise<Reply> {
    requirePost(request);
    // The scheduler's body has no content for the sweep: it is received and not read.
    bodies.open(request);
    const services = await getServices();
    verifier ??= callerVerifier('sweep', services);
    await verifier(request.get('authorization'));
    const isDry = readDryRun(request);

    const parent = traceOf(request.headers);
    return services.tracer.inExecution({name: 'sweep', parent, fields: {}}, async () => {
      const {config, tracer} = services;
      const logger = services.logger.with(traceFields(tracer.activeSpan() ?? parent, config.project));
      const report = await handle(services, {logger, isDry, isTask: isTask(request)});
      return jsonReply(report, report.status === 'held' ? NOT_SWEPT : 200);
    });
  }

  return async (request, response) => {
    const answer = await run(request).catch(async (error: unknown) => {
      const refused = toReply(error);
      await getServices().then(
        ({logger}) => logger.warning('sweep: failed', {decision: 'failed', status: refused.status, error}),
        () => undefined,
      );
      // Cloud Tasks would run it again, beside the next one.
      return isTask(request) && isTemporary(refused) ? jsonReply({status: 'failed'}, NOT_SWEPT) : refused;
    });
    sendReply(response, answer);
  };
}

function isTemporary({status}: Reply): boolean {
  return status >= 500 || status === 429;
}

function isTask(request: Request): boolean {
  return request.get('x-cloudtasks-taskname') !== undefined;
}
