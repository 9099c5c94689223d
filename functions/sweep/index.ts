import {type HttpFunction, http, type Request} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {type ControlPlane, type ControlPlaneOptions, callerVerifier, controlPlane} from '../../shared/control-plane';
import {type SweepMemory, sweepMemory} from '../../shared/effects/sweep/ports';
import {runSweep} from '../../shared/effects/sweep/sweep';
import {gracefully} from '../../shared/http/graceful-shutdown';
import type {OidcVerifier} from '../../shared/http/oidc';
import {requirePost} from '../../shared/http/request';
import {type Answer, answerOf, send} from '../../shared/http/respond';
import {traceFields, traceOf} from '../../shared/telemetry/trace';

/** Cloud Scheduler's call: makes true what webhooks, tasks or crashes left untrue. `?dry-run=true` only says what it would do. */
export function createSweep(options: ControlPlaneOptions): HttpFunction {
  const plane = controlPlane('sweep', options);
  const memory: SweepMemory = sweepMemory();
  let verifier: OidcVerifier | undefined;

  async function sweep(request: Request): Promise<Answer> {
    requirePost(request);
    const controls = await plane();
    verifier ??= callerVerifier('sweep', controls);
    await verifier(request.get('authorization'));

    const parent = traceOf(request.headers);
    return controls.tracer.inExecution({name: 'sweep', parent, fields: {}}, () => perform(controls, request));
  }

  async function perform(controls: ControlPlane<'sweep'>, request: Request): Promise<Answer> {
    const {config, context, discovery, compute, tracer} = controls;
    const logger = controls.logger.with(traceFields(tracer.present() ?? traceOf(request.headers), config.project));
    const {discovery: source, webhooks, sweepBudgetSeconds: budgetSeconds} = config;
    const ports = {discovery: discovery(), compute, source, webhooks, budgetSeconds, memory};
    const asked = request.query['dry-run'] === 'true';
    const dryRun = asked ? 'asked' : config.dryRun ? 'deployment' : 'no';
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

http('sweep', gracefully(createSweep({env: readEnvironment()})));
