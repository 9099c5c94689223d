import {labelMatches} from '../model/labels';
import type {DrainedRunner, VmDocument} from '../model/vm';
import type {Context} from '../ports';
import type {SeenRunner} from './observe';
import type {Vm} from './vms';

/**
 * The labels to take off so that GitHub gives the runners no job of these pools: for each pool one label that it requires and that can be
 * taken off. Nothing for a pool with `drain: false` or without such a label, and nothing for a runner whose labels are off already.
 */
export function labelsToDrain(
  runners: readonly SeenRunner[],
  {drained}: Pick<VmDocument, 'drained'> = {drained: []},
): DrainedRunner[] {
  return runners.flatMap(({place, registration}) => {
    const noted = drained.find(({runnerId}) => runnerId === registration.id);
    if (noted) return noted.labels.some((label) => registration.customLabels.includes(label)) ? [noted] : [];
    const {scope, installationId} = place;
    const labels = place.pools.flatMap(({pool, drain}) => (drain ? labelsOfOne(pool.requires, registration) : []));
    return labels.length > 0 ? [{scope, installationId, runnerId: registration.id, labels: [...new Set(labels)]}] : [];
  });
}

/**
 * The runner's custom labels, as GitHub spells them, that match the first text of `requires` which any of them matches: one label, or several
 * for a pattern. Without them the runner does not match the pool. Empty: the pool requires no label that can be taken off.
 */
function labelsOfOne(requires: readonly string[], {customLabels}: SeenRunner['registration']): string[] {
  for (const required of requires) {
    const fitting = customLabels.filter((label) => labelMatches(required, label.toLowerCase()));
    if (fitting.length > 0) return fitting;
  }
  return [];
}

/** Takes the labels off, which the caller has recorded before. */
export async function drain(context: Context, vm: Vm, runners: readonly DrainedRunner[]): Promise<void> {
  for (const {scope, installationId, runnerId, labels} of runners) {
    const github = context.github(scope, installationId ?? undefined);
    for (const label of labels) await github.removeLabel(runnerId, label);
    context.logger.info(`runner ${runnerId} of VM ${vm.instance} lost ${labels.join(', ')} until it starts again`, {
      decision: 'drained',
      vm: vm.instance,
      labels,
    });
  }
}

/** Gives the runners back the labels that were taken off, and removes these from the record. */
export async function restoreLabels(context: Context, vm: Vm, {drained}: VmDocument): Promise<void> {
  for (const {scope, installationId, runnerId, labels} of drained) {
    const added = await context.github(scope, installationId ?? undefined).addLabels(runnerId, labels);
    context.logger.info(`runner ${runnerId} of VM ${vm.instance} has ${labels.join(', ')} again`, {
      decision: 'undrained',
      reason: added,
      vm: vm.instance,
      labels,
    });
  }
  const restored = new Set(drained.map(({runnerId}) => runnerId));
  await context.store.transaction(async (transaction) => {
    const document = await transaction.get('vms', vm.id);
    if (!document) return;
    transaction.set('vms', vm.id, {
      ...document,
      drained: document.drained.filter(({runnerId}) => !restored.has(runnerId)),
    });
  });
}
