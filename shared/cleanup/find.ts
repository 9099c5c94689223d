import {Unavailable} from '../errors';
import {isSpeltOut, parseRunnerName} from '../model/names';
import type {Pool} from '../model/pool';
import {isOver, LIVE_STATES, type RunnerDocument} from '../model/runner';
import {describeScope, type RunnerScope, repositoryScope, scopeKey, scopeName} from '../model/scope';
import type {Context} from '../ports';
import {listMachines} from '../sweep/machines';
import {isListed, machineFinder, ourMachines, type Unlisted} from '../sweep/observed';
import {readHeldStandby, readRunners} from '../sweep/stored';
import type {CleanupTarget, Suspect, Thing} from './thing';

/** What there is to look at, and what could not be seen: that is not touched. */
export interface Suspects {
  readonly suspects: readonly Suspect[];
  readonly unseen: readonly Thing[];
}

/**
 * Finds what a clean-up may remove: machines by this deployment's label, and registrations by its records. Persistent VMs are not among
 * them. Throws `Unavailable` when there are more runners on record than can be read, because the live ones could not be told from others.
 */
export async function findSuspects(context: Context, target: CleanupTarget): Promise<Suspects> {
  // Before the runners: one that is claimed meanwhile is in both lists.
  const held = await readHeldStandby(context.store);
  const live = await readRunners(context.store, LIVE_STATES);
  if (!live.isComplete || !held.isComplete)
    throw new Unavailable('found more runners on record than can be read; nothing is removed', 60);
  const {machines: all, unlisted} = await listMachines({context, incomplete: []}, [...live.runners, ...held.standby]);
  const machines = ourMachines({pools: context.pools, machines: all}).filter(({status}) => status !== 'stopping');
  const machineOf = machineFinder({machines});
  // A machine that is kept, or goes already, is there all the same.
  const anyMachineOf = machineFinder({machines: all});
  const there = new Set(all.map(({name}) => name));
  const known = new Set([...live.runners, ...held.standby].map(({name}) => name));
  const unseen = unlisted.map(unseenPlace);

  const suspects: Suspect[] = [];
  for (const runner of live.runners) {
    const machine = machineOf(runner);
    if (
      machine
        ? wantsMachines(target)
        : !anyMachineOf(runner) && wantsRegistrations(target) && isListed({unlisted}, runner)
    ) {
      suspects.push({kind: 'runner', runner, machine});
    }
  }
  if (wantsMachines(target)) {
    for (const machine of machines) {
      if (known.has(machine.name)) continue;
      const former = await context.store.get('runners', machine.name);
      if (!former || isOver(former)) suspects.push({kind: 'machine', machine, former});
    }
  }
  if (target === 'all') {
    for (const standby of held.standby) {
      const machine = all.find(({name, provider}) => name === standby.name && provider === standby.provider);
      suspects.push({kind: 'standby', standby, machine});
    }
  }
  if (wantsRegistrations(target)) {
    const listed = await findRegistrations(context, live.runners, {there, known, unlisted});
    suspects.push(...listed.suspects);
    unseen.push(...listed.unseen);
  }
  return {suspects, unseen};
}

function wantsMachines(target: CleanupTarget): boolean {
  return target !== 'registrations';
}

function wantsRegistrations(target: CleanupTarget): boolean {
  return target !== 'machines';
}

function unseenPlace({provider, place}: Unlisted): Thing {
  return {
    kind: 'machine',
    name: provider,
    place: place ?? null,
    because: 'the machines there could not be listed, and are left alone: call again',
  };
}

interface Seen {
  /** Names of machines that are listed. */
  readonly there: ReadonlySet<string>;
  /** Names of runners on record that are not over, and of standby machines. */
  readonly known: ReadonlySet<string>;
  readonly unlisted: readonly Unlisted[];
}

interface KnownScope {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
}

/** Registrations with names of ours that have neither a live runner on record nor a machine. */
async function findRegistrations(
  context: Context,
  live: readonly RunnerDocument[],
  {there, known, unlisted}: Seen,
): Promise<Suspects> {
  const {runners: over} = await readRunners(context.store, ['gone', 'failed']);
  const formers = new Map(over.map((runner) => [runner.name, runner]));
  const suspects: Suspect[] = [];
  const unseen: Thing[] = [];
  for (const at of scopesOf(context.pools, [...over, ...live])) {
    try {
      for (const registration of await context.github(at.scope, at.installationId ?? undefined).listRunners()) {
        const {name} = registration;
        if (known.has(name) || there.has(name) || !parseRunnerName(context.deployment, name)) continue;
        const former = formers.get(name);
        if (former && !isListed({unlisted}, former)) continue;
        suspects.push({kind: 'registration', registration, at, former});
      }
    } catch (error) {
      const because = 'its runners could not be listed, and are left alone: call again';
      context.logger.warning(`cleanup: ${describeScope(at.scope)}: ${because}`, {decision: 'incomplete', error});
      unseen.push({kind: 'registration', name: scopeName(at.scope), place: scopeName(at.scope), because});
    }
  }
  return {suspects, unseen};
}

/** Where the runners on record, and those of the pools that name one place, are registered. */
function scopesOf(pools: readonly Pool[], runners: readonly RunnerDocument[]): Iterable<KnownScope> {
  const scopes = new Map<string, KnownScope>();
  for (const {scope} of pools) {
    const named = scope.kind === 'organization' ? [scope] : scope.patterns.filter(isSpeltOut).map(repositoryScope);
    for (const one of named) scopes.set(scopeKey(one), {scope: one, installationId: null});
  }
  for (const {scope, installationId} of runners) {
    const before = scopes.get(scopeKey(scope))?.installationId ?? null;
    scopes.set(scopeKey(scope), {scope, installationId: installationId ?? before});
  }
  return scopes.values();
}
