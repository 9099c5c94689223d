import {SlipwayError} from '../errors';
import {scopeName} from '../model/scope';
import type {Context, OperationOptions} from '../ports';
import {removeRunner} from '../runners/requests';
import {removeStandby} from '../runners/standby-records';
import {scrubSecrets} from '../secret';
import {deleteLeftoverVm, deregisterGhost} from '../sweep/end-runner';
import {findSuspects} from './find';
import {judge, standbyThing, thingOf} from './judge';
import type {CleanupTarget, Removal, Suspect, Thing} from './thing';

/** Things of one call, and its time in milliseconds: a request ends in time, and the next call goes on. */
const MOST = 100;
const BUDGET_MS = 60_000;

/** Things looked at, or removed, at the same time. */
const AT_ONCE = 8;

/** Of the things that stay, so many are listed. */
const MOST_SKIPPED = 500;

/** `because` of what this call did not come to. */
export const NEXT_CALL = 'next call';

export interface Cleaned {
  /** In a dry run. */
  readonly wouldRemove: readonly Thing[];
  readonly removed: readonly Thing[];
  readonly skipped: readonly Thing[];
}

type Result = {readonly kind: 'removed' | 'skipped'; readonly thing: Thing} | undefined;

/**
 * Removes what a person asks for, as far as it runs no job: a runner is deregistered before its machine is deleted, which GitHub refuses
 * while it runs one. Only what is on record, or carries this deployment's label, goes. At most 100 things or 60 s; what is left is skipped
 * with `NEXT_CALL`. Safe to repeat.
 */
export async function cleanUp(context: Context, target: CleanupTarget, {dryRun}: OperationOptions): Promise<Cleaned> {
  const untilMs = context.clock.now() + BUDGET_MS;
  const {suspects, unseen} = await findSuspects(context, target);
  const removed: Thing[] = [];
  const skipped: Thing[] = [...unseen];
  const left: Thing[] = [];
  for (let from = 0; from < suspects.length; ) {
    const some = suspects.slice(from, from + Math.min(AT_ONCE, MOST - removed.length));
    if (context.clock.now() >= untilMs || some.length === 0) {
      left.push(...suspects.slice(from).map(leftOver));
      break;
    }
    from += some.length;
    const results = await Promise.all(some.map((suspect) => cleanOne(context, target, suspect, dryRun)));
    for (const result of results) {
      if (result?.kind === 'removed') removed.push(result.thing);
      else if (result) skipped.push(result.thing);
    }
  }
  return {
    wouldRemove: dryRun ? removed : [],
    removed: dryRun ? [] : removed,
    skipped: [...left, ...skipped].slice(0, MOST_SKIPPED),
  };
}

async function cleanOne(context: Context, target: CleanupTarget, suspect: Suspect, dryRun: boolean): Promise<Result> {
  try {
    const judgement = await judge(context, target, suspect);
    if (judgement.kind === 'nothing') return undefined;
    const {thing} = judgement;
    if (judgement.kind === 'skip') return {kind: 'skipped', thing};
    if (dryRun) return {kind: 'removed', thing};
    if (!(await carryOut(context, judgement.removal))) {
      return {kind: 'skipped', thing: {...thing, because: 'its runner runs a job after all'}};
    }
    context.logger.info(`cleanup: ${thing.kind} ${thing.name} is removed, because ${thing.because}`, {
      decision: 'cleaned_up',
      reason: target,
      kind: thing.kind,
      runner: thing.name,
      place: thing.place,
    });
    return {kind: 'removed', thing};
  } catch (error) {
    const thing = leftOver(suspect);
    context.logger.warning(`cleanup: ${thing.kind} ${thing.name} could not be removed`, {
      decision: 'failed',
      reason: target,
      runner: thing.name,
      error,
    });
    const what = error instanceof SlipwayError ? scrubSecrets(error.message) : 'the log says why';
    return {kind: 'skipped', thing: {...thing, because: `could not be removed: ${what}`}};
  }
}

/** False: the runner runs a job, or is alive, and stays. */
async function carryOut(context: Context, removal: Removal): Promise<boolean> {
  switch (removal.by) {
    case 'runner':
      return (await removeRunner(context, removal.runner.name, {dryRun: false, force: false}))?.status !== 'busy';
    case 'machine': {
      const {machine, registration, namesakes} = removal;
      const {name, id, place, pool, provider, status} = machine;
      const leftover = {name, id, zone: place, pool, provider, registration, namesakes, isDead: status === 'stopped'};
      return (await deleteLeftoverVm(context, leftover)) === 'removed';
    }
    case 'standby':
      return (await removeStandby(context, removal.name, 'expired', 'was cleaned up')) !== 'claimed';
    case 'registration':
      return (await deregisterGhost(context, removal.name, removal.registration)) === 'removed';
  }
}

function leftOver(suspect: Suspect): Thing {
  switch (suspect.kind) {
    case 'runner':
      return {...thingOf(suspect.runner, suspect.machine), because: NEXT_CALL};
    case 'machine':
      return {kind: 'machine', name: suspect.machine.name, place: suspect.machine.place, because: NEXT_CALL};
    case 'standby':
      return {...standbyThing(suspect.standby), because: NEXT_CALL};
    case 'registration':
      return {
        kind: 'registration',
        name: suspect.registration.name,
        place: scopeName(suspect.at.scope),
        because: NEXT_CALL,
      };
  }
}
