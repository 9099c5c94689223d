import type {RunnerScope} from '../../shared/model/scope';
import type {Job, JobStatus} from '../emulators/github/job';
import type {GitHubWorld} from '../emulators/github/model';
import type {Registration} from '../emulators/github/registration';

/** In a repository's own runners. */
export function repositoryScope(fullName: string): RunnerScope {
  const [owner = '', repo = ''] = fullName.split('/');
  return {kind: 'repository', owner, repo};
}

/** Somebody registers a runner of theirs, under any name, with a label of their own. It is not connected. */
export function registerStranger(github: GitHubWorld, scope: RunnerScope, name: string): Registration {
  return github.runners.registerPersistent(scope, {name, labels: ['theirs'], runnerGroupId: 1});
}

/** Their runner is connected, and runs a job of theirs. */
export function runAsStranger(
  github: GitHubWorld,
  repository: string,
  name: string,
  durationMs = 1_000,
): {readonly job: Job; readonly runner: Registration} {
  const runner = registerStranger(github, repositoryScope(repository), name);
  github.runners.start(runner);
  return {job: github.queueJob({repository, labels: ['theirs'], durationMs}), runner};
}

/** GitHub says of a job that a runner ran it, or runs it, which is not so. */
export function announceOn(github: GitHubWorld, job: Readonly<Job>, status: JobStatus, runner: Registration): void {
  const {id, name, group} = runner;
  const {scheduler} = github;
  github.announceJob(
    {
      ...job,
      status,
      conclusion: status === 'completed' ? 'success' : null,
      startedAtMs: scheduler.now(),
      completedAtMs: status === 'completed' ? scheduler.now() : null,
      runner: {id, name, groupId: group.id, groupName: group.name},
    },
    status,
  );
}
