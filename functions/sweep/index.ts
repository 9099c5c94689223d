import type {HttpFunction, Request} from '@google-cloud/functions-framework';
import {systemClock} from '../../shared/clock';
import {readEnvironment} from '../../shared/config/variables';
import {readDryRun} from '../../shared/http/dry-run';
import {toReply} from '../../shared/http/errors';
import {serveFunction} from '../../shared/http/framework';
import {callerVerifier, type OidcVerifier} from '../../shared/http/oidc';
import {createBodyReader, MAX_TASK_BYTES} from '../../shared/http/read-body';
import {jsonReply, type Reply, requirePost, sendReply} from '../../shared/http/server';
import {traceFields, traceOf} from '../../shared/http/trace';
import type {Services} from '../../shared/ports';
import {createServices, type ServicesOptions} from '../../shared/services';
import {createSweepMemory, type SweepMemory} from '../../shared/sweep/context';
import {planRunsInBetween} from '../../shared/sweep/runs-in-between';
import {runSweep} from '../../shared/sweep/sweep';

/**
 * The function that Cloud Scheduler calls, every minute by default. Reconciles the records with GitHub and the providers. With
 * `?dry-run=true` it only answers what it would do. With an interval below a minute each call plans the runs until the next call as tasks.
 */
export function createSweep(options: ServicesOptions): HttpFunction {
  const getServices = createServices('sweep', options);
  const memory: SweepMemory = createSweepMemory(options.clock ?? systemClock);
  const bodies = createBodyReader(MAX_TASK_BYTES);
  let verifier: OidcVerifier | undefined;

  async function sweep(request: Request): Promise<Reply> {
    requirePost(request);
    // The scheduler's body has no content for the sweep: it is received and not read.
    bodies.open(request);
    const services = await getServices();
    verifier ??= callerVerifier('sweep', services);
    await verifier(request.get('authorization'));
    const isDry = readDryRun(request);

    const parent = traceOf(request.headers);
    return services.tracer.inExecution({name: 'sweep', parent, fields: {}}, () => perform(services, request, isDry));
  }

  async function perform(services: Services<'sweep'>, request: Request, isDry: boolean): Promise<Reply> {
    const {config, context, discovery, tracer} = services;
    const logger = services.logger.with(traceFields(tracer.activeSpan() ?? traceOf(request.headers), config.project));
    const {
      discovery: source,
      webhooks,
      sweepBudgetSeconds: budgetSeconds,
      sweepIntervalSeconds: intervalSeconds,
    } = config;
    if (!isDry && !isTask(request)) await planRunsInBetween({...context, logger}, intervalSeconds);
    const apps = 1 + config.github.moreApps.length;
    const ports = {discovery: discovery(), source, webhooks, budgetSeconds, intervalSeconds, apps, memory};
    const dryRun = isDry ? 'request' : config.dryRun ? 'config' : 'off';
    const report = await runSweep({...context, logger}, ports, dryRun);
    logger.info(`sweep: ${report.status}`, {decision: report.status, ...report});
    return jsonReply(report);
  }

  return async (request, response) => {
    const answer = await sweep(request).catch(async (error: unknown) => {
      const refused = toReply(error);
      await getServices().then(
        ({logger}) => logger.warning('sweep: failed', {decision: 'failed', status: refused.status, error}),
        () => undefined,
      );
      // Cloud Tasks would run it again, beside the next one.
      return isTask(request) && isTemporary(refused) ? jsonReply({status: 'failed'}) : refused;
    });
    sendReply(response, answer);
  };
}

function isTemporary({status}: Reply): boolean {
  return status >= 500 || status === 429;
}

/** A run between two calls of the scheduler. */
function isTask(request: Request): boolean {
  return request.get('x-cloudtasks-taskname') !== undefined;
}

serveFunction('sweep', createSweep({env: readEnvironment()}));
