import type {JobEvent} from '../model/job-event';
import {takesRepository} from '../model/matching';
import {isInScope, type RunnerScope, repositoryScope} from '../model/scope';
import type {VmDocument} from '../model/vm';
import {type Context, githubOf} from '../ports';
import {changeVm} from './document';
import {isRunnerOf, runnerPlaces, type Vm} from './vms';

/** Ids of registrations kept of one VM. It may have several runners, and each may be registered again. */
const MAX_RUNNER_IDS = 10;

/** The fields of an event that mention a runner. */
type Mentioning = Pick<JobEvent, 'runnerName' | 'runnerId' | 'repository' | 'installationId'>;

/**
 * Whether the runner that an event names is one of the VM's: it has the name, the job's repository is in a scope where such a runner may be
 * registered, and GitHub has its id there. The name alone proves nothing, because anybody may register a runner of this name in another
 * repository.
 */
export async function isOwnRunner(context: Context, vm: Vm, event: Mentioning): Promise<boolean> {
  const {runnerName, runnerId} = event;
  if (runnerName === null || !isRunnerOf(vm, runnerName)) return false;
  const document = await context.store.get('vms', vm.id);
  const scopes = scopesOf(vm, document, {...event, runnerName});
  if (scopes.length === 0) return false;
  if (runnerId === null || document?.runnerIds?.includes(runnerId)) return true;
  for (const {scope, installationId} of scopes) {
    const registration = await githubOf(context, {scope, installationId}).getRunner(runnerId);
    if (registration?.name.toLowerCase() !== runnerName.toLowerCase()) continue;
    await changeVm(context, vm, (known) => ({
      ...known,
      runnerIds: [...(known.runnerIds ?? []).filter((id) => id !== runnerId), runnerId].slice(-MAX_RUNNER_IDS),
    }));
    return true;
  }
  return false;
}

/** The event; without its runner if that has the name of one of the VM's runners and is another. */
export async function withOwnRunner(context: Context, vm: Vm, event: JobEvent): Promise<JobEvent> {
  if (event.runnerName === null || !isRunnerOf(vm, event.runnerName)) return event;
  if (await isOwnRunner(context, vm, event)) return event;
  logForeign(context, vm, event);
  return {...event, runnerName: null, runnerId: null};
}

/** Logs an event that names somebody else's runner. */
export function logForeign({logger}: Context, vm: Vm, {runnerName, runnerId, repository}: Mentioning): void {
  logger.warning(
    `a job of ${repository} names a runner ${runnerName}, which is none of VM ${vm.instance}: the VM is left as it is`,
    {decision: 'foreign', vm: vm.instance, runner: runnerName ?? '', runnerId, repository},
  );
}

interface Place {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
}

/** The scopes in which a runner of the VM with this name may be registered and gets jobs of the repository. */
function scopesOf(
  vm: Vm,
  document: VmDocument | undefined,
  {runnerName, repository, installationId}: Mentioning & {readonly runnerName: string},
): Place[] {
  const hasName = (name: string) => name.toLowerCase() === runnerName.toLowerCase();
  const places: Place[] = runnerPlaces(vm, document).filter(
    (place) => hasName(place.runnerName) && isInScope(place.scope, repository),
  );
  // A repository whose jobs the VM has not served yet is not among its places.
  const serves = vm.pools.some(
    (entry) =>
      hasName(entry.runnerName) && entry.pool.scope.kind === 'repositories' && takesRepository(entry.pool, repository),
  );
  if (places.length > 0 || !serves) return places;
  return [{scope: repositoryScope(repository), installationId}];
}
