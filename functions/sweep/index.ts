import type {HttpFunction} from '@google-cloud/functions-framework';
import {systemClock} from '../../shared/clock';
import {readEnvironment} from '../../shared/config/variables';
import {serveFunction} from '../../shared/http/framework';
import {createSweepFunction, type SweepCall} from '../../shared/http/sweep-function';
import type {Services} from '../../shared/ports';
import {createServices, type ServicesOptions} from '../../shared/services';
import {createSweepMemory} from '../../shared/sweep/context';
import {planRunsInBetween} from '../../shared/sweep/runs-in-between';
import {runSweep, type SweepReport} from '../../shared/sweep/sweep';

/**
 * The function that Cloud Scheduler calls, every minute by default. Reconciles the records with GitHub and the providers. With
 * `?dry-run=true` it only answers what it would do. With an interval below a minute each call plans the runs until the next call as tasks.
 */
export function createSweep(options: ServicesOptions): HttpFunction {
  const memory = createSweepMemory(options.clock ?? systemClock);

  async function sweep(services: Services<'sweep'>, {logger, isDry, isTask}: SweepCall): Promise<SweepReport> {
    const {config, discovery} = services;
    const context = {...(isDry ? services.whileDry : services.context), logger};
    const {
      discovery: source,
      webhooks,
      sweepBudgetSeconds: budgetSeconds,
      sweepIntervalSeconds: intervalSeconds,
    } = config;
    if (!isDry && !isTask) await planRunsInBetween(context, intervalSeconds);
    const apps = 1 + config.github.moreApps.length;
    const ports = {discovery: discovery(), source, webhooks, budgetSeconds, intervalSeconds, apps, memory};
    const dryRun = isDry ? 'request' : config.dryRun ? 'config' : 'off';
    const report = await runSweep(context, ports, dryRun);
    logger.info(`sweep: ${report.status}`, {decision: report.status, ...report});
    return report;
  }

  return createSweepFunction(createServices('sweep', options), sweep);
}

serveFunction('sweep', createSweep({env: readEnvironment()}));
