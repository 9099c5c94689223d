import {isRegistrationOf, isUnused, wasTried} from '../model/identity';
import type {RunnerDocument} from '../model/runner';
import type {GitHub, Registration} from './github';

/** What a record says of the runner's registration. */
export type RecordedRegistration = Pick<RunnerDocument, 'name' | 'githubId' | 'registrationTriedAt'>;

/**
 * The registration of a runner on record: by its id. While that is not known by its name, and only where we tried to register this name, and
 * nothing is connected under it; any other is somebody else's.
 */
export async function findRegistration(
  github: Pick<GitHub, 'findRunner' | 'getRunner'>,
  runner: RecordedRegistration,
): Promise<Registration | undefined> {
  if (runner.githubId !== null) return github.getRunner(runner.githubId);
  if (!wasTried(runner)) return undefined;
  const named = await github.findRunner(runner.name);
  return named && isRegistrationOf(runner, named) ? named : undefined;
}

/**
 * After a 409, or a generate-jitconfig whose answer was lost: is a registration of ours there, under the id on record, or under the name,
 * where we tried to register it (`registrationTriedAt`)? One that is offline and idle is one whose JIT config nobody holds: it is removed.
 * `alive`: the one on record is online or busy, and stays. `foreign`: what has the name is not ours, and stays: whoever connects as ours has
 * its id on record before its VM is made. After all but `alive`, take another name: GitHub may go on answering 409 to this one for a while.
 */
export async function settleRegistration(
  github: Pick<GitHub, 'findRunner' | 'getRunner' | 'deleteRunner'>,
  runner: RecordedRegistration,
): Promise<'absent' | 'removed' | 'alive' | 'foreign'> {
  const {name, githubId} = runner;
  const known = githubId === null ? undefined : await github.getRunner(githubId);
  if (known) {
    if (!isUnused(known)) return 'alive';
    return (await github.deleteRunner(known.id)) === 'busy' ? 'alive' : 'removed';
  }
  if (!wasTried(runner)) return 'foreign';
  const named = await github.findRunner(name);
  if (!named) return 'absent';
  if (!isUnused(named)) return 'foreign';
  return (await github.deleteRunner(named.id)) === 'busy' ? 'foreign' : 'removed';
}
