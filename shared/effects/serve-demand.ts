import type {Demand} from '../model/job-event';
import {passBreakers} from './breakers';
import type {Context} from './context';
import {type Coverage, coverJob} from './cover-job';
import {createRunner} from './create-runner';
import {lookAgainLater} from './requeue-job';
import {serveVm} from './vm/serve-vm';
import {vmOfPool} from './vm/vms';

/**
 * Demand from first to last: record it, cover it, and make the runner if one is to be made. Returns the decision, in a word that no line about
 * the runner itself has, so that whoever counts lines by their decision counts each runner once.
 */
export async function serveDemand(context: Context, demand: Demand): Promise<string> {
  const job = await subject(context, demand);
  if (!job) return 'unknown_job';
  const vm = vmOfPool(context, job.pool);
  if (vm) return serveVm(context, vm, demand);
  // A pool that cannot be served is refused before anything is registered for it.
  context.provider(job.pool);
  const guarded = await passBreakers(context, job.pool, job.repository);
  const coverage = await coverJob(context, job.pool, demand, context.random.uuid());
  if (coverage.kind === 'queued_again' && 'event' in demand) {
    await lookAgainLater(context, coverage, demand.event.delivery);
  }
  if (coverage.kind !== 'create') return describe(coverage);
  const {kind, runner} = await guarded(() => createRunner(context, coverage));
  return `${kind === 'created' ? 'booting' : kind}:${runner.name}`;
}

async function subject(context: Context, demand: Demand): Promise<{pool: string; repository: string} | undefined> {
  return 'event' in demand ? demand.event : context.store.get('jobs', demand.job);
}

function describe(coverage: Exclude<Coverage, {kind: 'create'}>): string {
  switch (coverage.kind) {
    case 'covered':
      return `covered_by:${coverage.by}`;
    case 'open':
      return 'waits_for_slot';
    case 'not_wanted':
      return `not_wanted:${coverage.reason}`;
    case 'queued_again':
      return `queued_again:${coverage.runner ?? 'no_runner'}`;
  }
}
