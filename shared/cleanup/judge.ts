import {MINUTE_MS} from '../durations';
import type {GitHub, Registration} from '../github/github';
import {isRegistrationOf, isUnused} from '../model/identity';
import {isSpeltOut, parseRunnerName} from '../model/names';
import {placementOf} from '../model/placement';
import {isBeingCreated, isOver, type RunnerDocument} from '../model/runner';
import {type RunnerScope, repositoryScope, scopeName} from '../model/scope';
import type {StandbyDocument} from '../model/standby';
import {type Context, githubOf, poolOf} from '../ports';
import {findRegistration} from '../runners/retire';
import {minutesOf, type Registered, type SeenMachine} from '../sweep/observed';
import type {CleanupTarget, Judgement, Removal, Suspect, Thing} from './thing';

/**
 * How long a registration that is known only by its name has to be offline, in milliseconds: another deployment's runner of this name would
 * be online by then.
 */
const NAME_ONLY_MS = 15 * MINUTE_MS;

const KEPT = 'a person has labelled it slipway-keep';
const YOUNG = 'is younger than the bootMinutes of its pool, and may still boot';
const BUSY = 'its runner runs a job';
const ONLINE = 'its runner is online';

/** Decides whether the suspect may go. Reads its registration afresh where there is one. Throws what GitHub's port throws. */
export async function judge(context: Context, target: CleanupTarget, suspect: Suspect): Promise<Judgement> {
  switch (suspect.kind) {
    case 'runner':
      return judgeRunner(context, target, suspect.runner, suspect.machine);
    case 'machine':
      return judgeMachine(context, target, suspect.machine, suspect.former);
    case 'standby':
      return judgeStandby(suspect);
    case 'registration':
      return judgeRegistration(context, suspect);
  }
}

/** Without a job and without a registration, it can always go. */
function judgeStandby({standby, machine}: Extract<Suspect, {kind: 'standby'}>): Judgement {
  const thing = standbyThing(standby);
  if (machine?.isKept) return skip(thing, KEPT);
  return remove(thing, 'is a standby machine, which no job has claimed', {by: 'standby', name: standby.name});
}

export function standbyThing(standby: StandbyDocument): Omit<Thing, 'because'> {
  return {kind: 'machine', name: standby.name, place: placementOf(standby)?.place ?? null};
}

/** A runner on record that is not over. */
async function judgeRunner(
  context: Context,
  target: CleanupTarget,
  runner: RunnerDocument,
  machine: SeenMachine | undefined,
): Promise<Judgement> {
  const thing = thingOf(runner, machine);
  if (machine?.isKept) return skip(thing, KEPT);
  if (runner.runs !== null || runner.state === 'busy') return skip(thing, BUSY);
  if (runner.state === 'draining') return skip(thing, 'is being removed already');
  if (target !== 'all') {
    if (isYoung(context, runner.pool, machine?.createdAt ?? runner.createdAt)) return skip(thing, YOUNG);
    if (!machine && isBeingCreated(runner)) return {kind: 'nothing'};
  }
  const registration = await findRegistration(githubOf(context, runner), runner);
  if (registration?.busy) return skip(thing, BUSY);
  if (target !== 'all' && registration?.status === 'online') return skip(thing, ONLINE);
  if (!machine && !registration && !isBeingCreated(runner)) return {kind: 'nothing'};
  const because =
    thing.kind === 'runner' ? 'its machine is not made yet' : becauseOfRunner(target, machine, registration);
  return remove(thing, because, {by: 'runner', runner});
}

/** What there is of a runner on record: its machine, a registration, or the record alone. */
export function thingOf(runner: RunnerDocument, machine: SeenMachine | undefined): Omit<Thing, 'because'> {
  const {name, scope} = runner;
  if (machine) return machineThing(machine);
  return {kind: isBeingCreated(runner) ? 'runner' : 'registration', name, place: scopeName(scope)};
}

function becauseOfRunner(
  target: CleanupTarget,
  machine: SeenMachine | undefined,
  registration: Registration | undefined,
): string {
  if (target === 'all') return 'its runner runs no job';
  if (!machine) return 'its machine is not there any more';
  return registration ? 'its runner is offline' : 'its runner is not registered';
}

/** A machine whose runner is over, or on no record. */
async function judgeMachine(
  context: Context,
  target: CleanupTarget,
  machine: SeenMachine,
  former: RunnerDocument | undefined,
): Promise<Judgement> {
  const thing = machineThing(machine);
  const isDead = machine.status === 'stopped';
  if (machine.isKept) return skip(thing, KEPT);
  if (target !== 'all' && !isDead && isYoung(context, machine.pool, machine.createdAt)) return skip(thing, YOUNG);
  const removal = {by: 'machine', machine, registration: null, namesakes: []} as const;
  if (former) {
    const registration = await findRegistration(githubOf(context, former), former);
    if (registration?.busy) return skip(thing, BUSY);
    if (target !== 'all' && registration?.status === 'online') return skip(thing, ONLINE);
    const {scope, installationId} = former;
    const registered = registration ? {scope, installationId, id: registration.id} : null;
    return remove(thing, 'its runner is over', {...removal, registration: registered});
  }
  const namesakes = await findNamesakes(context, machine);
  if (!namesakes)
    return skip(thing, 'its runner is on no record, and where it is registered is not known: the sweep looks');
  // It cannot be deregistered first, and while it is connected it may take a job at any time.
  if (namesakes.some(({isConnected}) => isConnected)) return skip(thing, `${ONLINE}, and on no record`);
  return remove(thing, 'its runner is on no record, and not connected', {
    ...removal,
    namesakes: namesakes.map(({registered}) => registered),
  });
}

interface Namesake {
  readonly registered: Registered;
  readonly isConnected: boolean;
}

/** Registrations of the machine's name wherever its runner may be registered; undefined: that is not known. */
async function findNamesakes(context: Context, {name}: SeenMachine): Promise<readonly Namesake[] | undefined> {
  const scopes = await scopesOfUnknown(context, name);
  if (!scopes) return undefined;
  const found: Namesake[] = [];
  for (const scope of scopes) {
    const github: GitHub = context.github(scope);
    const registration = await github.findRunner(name);
    if (!registration) continue;
    const registered = {scope, installationId: null, id: registration.id};
    found.push({registered, isConnected: !isUnused(registration)});
  }
  return found;
}

/** The organization of the pool, or its repositories if it spells all of them out. */
async function scopesOfUnknown(context: Context, name: string): Promise<readonly RunnerScope[] | undefined> {
  const parsed = parseRunnerName(context.deployment, name);
  const scope = parsed && poolOf(context, parsed.pool)?.scope;
  if (!scope) return undefined;
  if (scope.kind === 'organization') return [scope];
  const patterns = scope.patterns.filter((pattern) => !pattern.startsWith('!'));
  return patterns.every(isSpeltOut) ? patterns.map(repositoryScope) : undefined;
}

/** A registration with a name of ours, whose machine is not listed. Only one on record goes. */
async function judgeRegistration(
  context: Context,
  {registration, at, former}: Extract<Suspect, {kind: 'registration'}>,
): Promise<Judgement> {
  const {id, name} = registration;
  const thing = {kind: 'registration', name, place: scopeName(at.scope)} as const;
  if (registration.busy) return skip(thing, BUSY);
  if (!isUnused(registration)) return skip(thing, ONLINE);
  if (!former)
    return skip(thing, 'is on no record here, so it may be another deployment’s; GitHub removes it after a day');
  if (!isOver(former) || !isRegistrationOf(former, registration))
    return skip(thing, 'is not the one on record under this name');
  if (former.githubId === null && context.clock.now() - former.stateAt < NAME_ONLY_MS) {
    return skip(thing, 'only its name is on record, so it has to be offline for 15 minutes first');
  }
  return remove(thing, 'its runner is over, and its machine is not there any more', {
    by: 'registration',
    name,
    registration: {...at, id},
  });
}

function machineThing({name, place}: SeenMachine): Omit<Thing, 'because'> {
  return {kind: 'machine', name, place};
}

function isYoung(context: Context, pool: string, createdAt: number): boolean {
  // mutation: young machine
  return context.clock.now() - createdAt < minutesOf(context, pool).bootMinutes * MINUTE_MS;
}

function skip(thing: Omit<Thing, 'because'>, because: string): Judgement {
  return {kind: 'skip', thing: {...thing, because}};
}

function remove(thing: Omit<Thing, 'because'>, because: string, removal: Removal): Judgement {
  return {kind: 'remove', thing: {...thing, because}, removal};
}
