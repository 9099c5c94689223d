import type {HttpFunction, Request} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {type ControlPlane, type ControlPlaneOptions, callerVerifier, controlPlane} from '../../shared/control-plane';
import {type SweepMemory, sweepMemory} from '../../shared/effects/sweep/ports';
import {runSweep} from '../../shared/effects/sweep/sweep';
import {readDryRun} from '../../shared/http/dry-run';
import {serveFunction} from '../../shared/http/framework';
import type {OidcVerifier} from '../../shared/http/oidc';
import {createBodyReader, MAX_TASK_BYTES} from '../../shared/http/read-body';
import {requirePost} from '../../shared/http/request';
import {type Answer, answerOf, send} from '../../shared/http/respond';
import {traceFields, traceOf} from '../../shared/telemetry/trace';

/** Cloud Scheduler's call: makes true what webhooks, tasks or crashes left untrue. `?dry-run=true` only says what it would do. */
export function createSweep(options: ControlPlaneOptions): HttpFunction {
  const plane = controlPlane('sweep', options);
  const memory: SweepMemory = sweepMemory();
  const bodies = createBodyReader(MAX_TASK_BYTES);
  let verifier: OidcVerifier | undefined;

  async function sweep(request: Request): Promise<Answer> {
    requirePost(request);
    // It has a body, which says nothing and is not read.
    bodies.open(request);
    const controls = await plane();
    verifier ??= callerVerifier('sweep', controls);
    await verifier(request.get('authorization'));
    const isDry = readDryRun(request);

    const parent = traceOf(request.headers);
    return controls.tracer.inExecution({name: 'sweep', parent, fields: {}}, () => perform(controls, request, isDry));
  }

  async function perform(controls: ControlPlane<'sweep'>, request: Request, isDry: boolean): Promise<Answer> {
    const {config, context, discovery, tracer} = controls;
    const logger = controls.logger.with(traceFields(tracer.present() ?? traceOf(request.headers), config.project));
    const {discovery: source, webhooks, sweepBudgetSeconds: budgetSeconds} = config;
    const ports = {discovery: discovery(), source, webhooks, budgetSeconds, memory};
    const dryRun = isDry ? 'asked' : config.dryRun ? 'deployment' : 'no';
    const report = await runSweep({...context, logger}, ports, dryRun);
    logger.info(`sweep: ${report.status}`, {decision: report.status, ...report});
    return {status: 200, body: report};
  }

  return async (request, response) => {
    const answer = await sweep(request).catch(async (error: unknown) => {
      const refused = answerOf(error);
      await plane().then(
        ({logger}) => logger.warning('sweep: failed', {decision: 'failed', status: refused.status, error}),
        () => undefined,
      );
      return refused;
    });
    send(response, answer);
  };
}

serveFunction('sweep', createSweep({env: readEnvironment()}));
